"""One question while it is being asked: its deadline, its phases, what was found."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from watchdog.model.observation import Check, Observation, Scalar, StepSeen, Verdict
from watchdog.policy.addresses import is_loopback

ProbeT = TypeVar("ProbeT")

REASON_LIMIT: Final = 300
"""Characters of a reason that are kept: parts of it come from strangers."""

JUDGING: Final = 0.9
"""Of the time that is left when the answer is there: what takes longer is told as that, not as a time-out."""


class ProbePhase(StrEnum):
    """Where the time goes, by blackbox_exporter's names."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    PROCESSING = "processing"
    TRANSFER = "transfer"
    ENGINE = "engine"
    """Not one of theirs: the Docker Engine is asked."""


class FailureKind(StrEnum):
    """What went wrong: `class` in an observation's evidence."""

    REFUSED = "refused"
    RESET = "reset"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    DNS_RCODE = "dns_rcode"
    DNS_ANSWER = "dns_answer"
    STATUS = "status"
    HEADER = "header"
    SECURITY_HEADERS = "security_headers"
    BODY = "body"
    CAPTURE = "capture"
    TOO_LARGE = "too_large"
    SLOW = "slow"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    REDIRECT_LOOP = "redirect_loop"
    TLS_HANDSHAKE = "tls_handshake"
    TLS_EXPIRED = "tls_expired"
    TLS_EXPIRES_SOON = "tls_expires_soon"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_WRONG_HOST = "tls_wrong_host"
    TLS_SELF_SIGNED = "tls_self_signed"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_VERSION = "tls_version"

    SILENT = "silent"
    REPORTED = "reported"
    LOGIN = "login"
    FULL = "full"
    QUERY = "query"
    VALUE = "value"
    EXIT_CODE = "exit_code"
    OUTPUT = "output"
    MEMORY = "memory"
    CPU = "cpu"
    RESTARTS = "restarts"
    DISK = "disk"
    EXHAUSTION = "exhaustion"
    LOG_RATE = "log_rate"
    NEW_ERROR = "new_error"

    AWAITED = "awaited"
    RESOLVER = "resolver"
    OWN_NETWORK = "own_network"
    OWN_DESCRIPTORS = "own_descriptors"
    OWN_DELAY = "own_delay"
    ENGINE = "engine"
    NO_VANTAGE = "no_vantage"
    NOT_ASKED = "not_asked"

    @property
    def verdict(self) -> Verdict:
        """FAIL for what the target did, UNKNOWN for what the asker could not do or nobody can know yet."""
        return Verdict.UNKNOWN if self in _NOT_OF_THE_TARGET else Verdict.FAIL


_NOT_OF_THE_TARGET: Final = frozenset(
    {
        FailureKind.AWAITED,
        FailureKind.RESOLVER,
        FailureKind.OWN_NETWORK,
        FailureKind.OWN_DESCRIPTORS,
        FailureKind.OWN_DELAY,
        FailureKind.ENGINE,
        FailureKind.NO_VANTAGE,
        FailureKind.NOT_ASKED,
    }
)

_UNRESOLVED: Final = frozenset({FailureKind.DNS, FailureKind.RESOLVER})
_UNREACHED: Final = frozenset({FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.OWN_NETWORK})


class ProbeFailure(Exception):
    """The answer is not PASS: raised by a prober, ends the ask; `str(failure)` is the sentence for people."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Unconnected(ProbeFailure):
    """This address did not take the connection: another address of the same host may."""


class Vantage(Protocol):
    """Where a check is asked from: sockets and names are that place's."""

    @property
    def name(self) -> str | None:
        """As sentences name it; None for the place where watchdog runs."""
        ...

    async def look_up(self, host: str, seconds: float) -> tuple[str, ...]:
        """The addresses of a name, at least one, the preferred first; raises ProbeFailure. `seconds` are left."""
        ...

    async def resolv_conf(self) -> str:
        """What is written there of name servers, '' where nothing is; raises ProbeFailure."""
        ...

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        """Raises OSError, or ProbeFailure where the place cannot be entered."""
        ...


class Ask(Generic[ProbeT]):
    """Collects what becomes an `Observation`. Times are seconds; `at` is Unix time, the rest is monotonic."""

    def __init__(self, check: Check, probe: ProbeT, at: float, vantage: Vantage) -> None:
        self.check = check
        self.probe = probe
        self.at = at
        self.vantage = vantage
        self.phase: ProbePhase | None = None
        self.evidence: dict[str, Scalar] = {}
        self.tls_not_after: float | None = None
        self.changes_in: float | None = None
        self.steps: list[StepSeen] = []
        """Of a journey, as they are taken."""
        self.waited: float | None = None
        """Seconds until there was a free place; None while waiting for it."""
        self.connected = False
        """Somebody elsewhere than on this very host took a connection."""
        self._phases: dict[str, float] = {}
        self._began = self._phase_began = time.monotonic()

    @property
    def seconds(self) -> float:
        """The target's time: without the wait for a place."""
        return self._since_began - (self.waited or 0.0)

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.check.timeout - self._since_began)

    @property
    def _since_began(self) -> float:
        return time.monotonic() - self._began

    def admit(self) -> None:
        """There is a place: from here on the time is the target's."""
        self.waited = self._since_began

    def time_to_judge(self) -> float:
        """Seconds that what was answered may be judged for; from here on the time is not the target's."""
        self.enter(None)
        return JUDGING * self.seconds_left

    def note_connection(self, address: str) -> None:
        """A connection was made to this IP address."""
        self.connected = self.connected or not is_loopback(address)

    def enter(self, phase: ProbePhase | None) -> None:
        """Ends the running phase and begins another; a phase entered again goes on counting."""
        now = time.monotonic()
        if self.phase is not None:
            self._phases[self.phase.value] = self._phases.get(self.phase.value, 0.0) + now - self._phase_began
        self.phase, self._phase_began = phase, now

    def observe(self, verdict: Verdict, reason: str, kind: FailureKind | None = None) -> Observation:
        self.enter(None)
        return Observation(
            check=self.check.name,
            at=self.at,
            verdict=verdict,
            reason=printable(reason),
            seconds=self.seconds,
            phases=dict(self._phases),
            evidence=dict(self.evidence),
            waited=self.waited if self.waited is not None else self._since_began,
            tls_not_after=self.tls_not_after,
            changes_in=self.changes_in,
            steps=tuple(self.steps),
            reached=self._reached(kind),
        )

    def observe_failure(self, kind: FailureKind, reason: str) -> Observation:
        self.evidence["class"] = kind.value
        return self.observe(kind.verdict, reason, kind)

    def _reached(self, kind: FailureKind | None) -> bool | None:
        if self.connected:
            return True
        if kind in _UNRESOLVED:
            return False
        if _on_loopback(self.evidence.get("remote")):
            return None
        if kind in _UNREACHED:
            return False
        return True if kind is None or kind.verdict is Verdict.FAIL else None


def _on_loopback(remote: Scalar) -> bool:
    """`remote` is an IP address with or without a port, as it stands in the evidence."""
    if not isinstance(remote, str):
        return False
    host = remote if remote.count(":") > 1 and not remote.startswith("[") else remote.rpartition(":")[0] or remote
    try:
        return is_loopback(host.strip("[]"))
    except ValueError:
        return False


AnyAsk = Ask[Any]
"""An ask of whatever kind: for what all probers share."""


class KindProber(Protocol[ProbeT]):
    """Asks one kind of check. Returns the sentence of a PASS; raises `ProbeFailure` for everything else.

    The time limit is the caller's (`Prober`); this says by `ask.enter` what it is waiting for.
    """

    async def __call__(self, ask: Ask[ProbeT]) -> str: ...


@runtime_checkable
class Lasting(Protocol):
    """A prober that keeps something of a check between two questions."""

    def forget(self, check: Check) -> None:
        """The check is asked no more; asked again it begins anew."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A prober that keeps something open between two questions."""

    async def close(self) -> None: ...


Clock = Callable[[], float]
"""Gives Unix seconds."""


def printable(text: str) -> str:
    """One bounded line without control characters: fit for a terminal, a log and a page."""
    if len(text) <= REASON_LIMIT and text.isprintable() and "  " not in text:
        return text.strip()
    visible = (char if char.isprintable() else " " for char in text[: 2 * REASON_LIMIT])
    line = " ".join("".join(visible).split())
    return line if len(line) <= REASON_LIMIT else line[: REASON_LIMIT - 1] + "…"
