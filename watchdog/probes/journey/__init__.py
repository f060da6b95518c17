"""Makes journeys: several requests with one cookie jar, what an answer says put into the next request."""

from watchdog.probes.journey.run import make

__all__ = ["make"]
