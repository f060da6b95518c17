"""What a question was waiting for when its time was over."""

from __future__ import annotations

from typing import Final

from watchdog.probes.ask import AnyAsk, FailureKind, ProbePhase

LATE: Final = 1.0
"""Seconds after which a time-out that is noticed late shows that the event loop stood still, not the target."""


def waited_for(ask: AnyAsk, within: str) -> tuple[FailureKind, str]:
    """The kind of failure, and the sentence that ends with `within`."""
    remote = ask.evidence.get("remote", "the target")
    match ask.phase:
        case ProbePhase.RESOLVE:
            return FailureKind.RESOLVER, f"the resolver did not answer {within}"
        case ProbePhase.CONNECT:
            return FailureKind.TIMEOUT, f"{remote} did not take the connection {within}"
        case ProbePhase.TLS:
            return FailureKind.TIMEOUT, f"{remote} did not complete the TLS handshake {within}"
        case ProbePhase.PROCESSING:
            return FailureKind.TIMEOUT, f"{remote} did not answer {within}"
        case ProbePhase.ENGINE:
            return FailureKind.ENGINE, f"the engine did not answer {within}"
        case None:
            return FailureKind.OWN_DELAY, f"{ask.check.name} was not begun {within}"
        case ProbePhase.TRANSFER:
            so_far = ask.evidence.get("bytes", 0)
            return FailureKind.TIMEOUT, f"{remote} sent {so_far} bytes and was not done {within}"
