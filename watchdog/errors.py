"""Errors that cross rooms. Each carries one sentence for a person: what, where, what to do."""

from __future__ import annotations

EXIT_USAGE = 64


class WatchdogError(Exception):
    """Base of all errors that watchdog raises on purpose; `str(error)` is the sentence to show.

    `exit_code` is what a command ends with when nothing handles the error.
    """

    exit_code = 1


class ConfigurationError(WatchdogError):
    """The configuration is wrong; the message lists every problem, one a line, with file, line and key."""

    exit_code = EXIT_USAGE


class UnknownService(WatchdogError):
    """No service, or more than one, goes by that name; the message lists the candidates."""

    exit_code = EXIT_USAGE

    def __init__(self, message: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


class EngineError(WatchdogError):
    """Base of what can go wrong between watchdog and the engine."""


class EngineUnavailable(EngineError):
    """The engine does not answer: refused, reset, timed out, no permission on the socket.

    Nothing follows from it about any service (law 5: unknown is not failed).
    """

    exit_code = 3


class EngineRefused(EngineError):
    """The engine answered and said no; `status` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class OutOfReach(EngineError):
    """What was to be looked at is nothing that can be seen now, or from this machine."""


class NotFound(EngineRefused):
    """The engine has no such container, image, network or volume (404)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 404)


class Conflict(EngineRefused):
    """The engine refuses because of what exists already, as a taken name (409)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 409)


class LedgerError(WatchdogError):
    """The ledger cannot be opened, read or written: read-only, full, damaged, or of another version."""


class LedgerFull(LedgerError):
    """No space is left for a row; what is vital may still be recorded from the reserve."""


class NoLedger(LedgerError):
    """The state directory holds no ledger: no daemon has run with it yet."""


class UnknownIncident(WatchdogError):
    """No incident has that number, or retention has removed it."""

    exit_code = EXIT_USAGE


class UnknownDeployment(WatchdogError):
    """No deployment has that number, or retention has removed it."""

    exit_code = EXIT_USAGE


class UnknownHeartbeat(WatchdogError):
    """No configured check is called in by that name; the message lists those that are."""

    exit_code = EXIT_USAGE


class UnknownApproval(WatchdogError):
    """Nothing was ever asked under that number, or it is too long ago."""

    exit_code = EXIT_USAGE


class TooManySubscribers(WatchdogError):
    """All places at the event stream are taken."""


class InvalidAnchor(WatchdogError):
    """What was given as an anchor is no hash."""

    exit_code = EXIT_USAGE


class LockHeld(WatchdogError):
    """Another daemon holds the lock on this engine; the message names it."""


class DaemonUnreachable(WatchdogError):
    """No daemon answers on its unix socket."""

    exit_code = 3


class DeploymentRefused(WatchdogError):
    """A deployment does not begin, or is not open to this call; nothing was touched."""

    exit_code = 3


class UsageError(WatchdogError):
    """An order cannot mean anything, as a pause without an end."""

    exit_code = EXIT_USAGE
