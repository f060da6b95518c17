"""Checks (what is asked) and observations (what was seen)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchdog.model.identity import ServiceKey
from watchdog.model.probe import Probe

Scalar = str | int | float | bool | None


class Verdict(StrEnum):
    """UNKNOWN (the asker failed, the engine is away) never moves a counter and never acts."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


class OnFailure(StrEnum):
    """What a failing check of a service is: a case for recovery, or one for people only (docs/adr/0006)."""

    RECOVER = "recover"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question to ask of a service or an endpoint, as configured. Durations are seconds.

    `failures` FAILs in a row make it fail, `successes` PASSes in a row make it pass again; while it is in
    doubt it is asked again after `retry_interval` instead of `interval`.
    """

    name: str
    probe: Probe
    service: ServiceKey | None = None
    endpoint: bool = False
    """Declared under `[[endpoint]]`: listed on its own in every output, under its own name."""
    depends_on: tuple[str, ...] = ()
    """Of one without a service: the services that it needs, by name."""
    on_failure: OnFailure = OnFailure.RECOVER
    vantage: ServiceKey | None = None
    """The service in whose container's network it is asked (`from`); None: where watchdog runs."""
    interval: float = 60.0
    retry_interval: float = 5.0
    timeout: float = 10.0
    failures: int = 2
    successes: int = 1

    @property
    def for_people(self) -> bool:
        """Whether its failure never causes an action."""
        return self.on_failure is OnFailure.ALERT

    @property
    def over_network(self) -> bool:
        """Whether it is asked over the observer's own network."""
        return self.vantage is None and self.probe.over_network

    @property
    def target(self) -> str:
        """What is asked, for people to read: a URL, `host:port`."""
        return self.probe.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request of a journey and its answer, as evidence: secrets masked, bodies and headers cut short."""

    method: str
    url: str
    sent: Mapping[str, str]
    """Headers of the request."""
    body: str
    status: int | None = None
    """None where there was no answer."""
    received: Mapping[str, str] = field(default_factory=dict[str, str])
    answer: str = ""
    """The head of the answer's body."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """What became of one step of a journey; UNKNOWN where it was not reached."""

    name: str
    verdict: Verdict
    reason: str
    service: ServiceKey | None = None
    """Whose failure it is when it fails."""
    seconds: float = 0.0
    attempts: int = 0
    captured: tuple[str, ...] = ()
    """Names only."""
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """An immutable fact. `reason` is a sentence; `phases` are seconds by blackbox_exporter's names."""

    check: str
    at: float
    verdict: Verdict
    reason: str
    seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict[str, float])
    evidence: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    waited: float = 0.0
    """Seconds that it waited for its turn before the target was asked; not among `seconds`."""
    tls_not_after: float | None = None
    """Unix time at which the certificate that was presented ends."""
    changes_in: float | None = None
    """Seconds until time alone may change this: it is asked again then."""
    steps: tuple[StepSeen, ...] = ()
    """Of a journey, in order."""
    reached: bool | None = None
    """Whether somebody elsewhere answered, if only with a refusal; False where nothing could be reached.

    None where it says neither: the host itself was asked, or nobody.
    """
