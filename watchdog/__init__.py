"""watchdog: watches services, brings back what fails or is removed, and proves it."""

__version__ = "0.1.0"
