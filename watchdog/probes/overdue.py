"""What a question was waiting for when its time was over."""

from __future__ import annotations

from typing import Final

from watchdog.probes.ask import AnyAsk, Phase, Trouble

LATE: Final = 1.0
"""Seconds after which a time-out that is noticed late shows that the event loop stood still, not the target."""


def waited_for(ask: AnyAsk, within: str) -> tuple[Trouble, str]:
    """The trouble, and the sentence that ends with `within`."""
    remote = ask.evidence.get("remote", "the target")
    match ask.phase:
        case Phase.RESOLVE:
            return Trouble.RESOLVER, f"the resolver did not answer {within}"
        case Phase.CONNECT:
            return Trouble.TIMEOUT, f"{remote} did not take the connection {within}"
        case Phase.TLS:
            return Trouble.TIMEOUT, f"{remote} did not complete the TLS handshake {within}"
        case Phase.PROCESSING:
            return Trouble.TIMEOUT, f"{remote} did not answer {within}"
        case Phase.ENGINE:
            return Trouble.ENGINE, f"the engine did not answer {within}"
        case None:
            return Trouble.OWN_DELAY, f"{ask.check.name} was not begun {within}"
        case Phase.TRANSFER:
            so_far = ask.evidence.get("bytes", 0)
            return Trouble.TIMEOUT, f"{remote} sent {so_far} bytes and was not done {within}"
