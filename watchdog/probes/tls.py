"""Does the server prove who it is, and for how much longer?"""

from __future__ import annotations

import ssl

from watchdog.model.question import TlsQuestion
from watchdog.probes.ask import Ask, Finding, Trouble
from watchdog.probes.certificates import Trust, day, distrust, look_again, shake_hands
from watchdog.probes.network import first_to_connect, resolve, split_target


class TlsProbe:
    """Makes a handshake and judges the certificate: its end, its name, who signed it."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    async def __call__(self, ask: Ask[TlsQuestion]) -> str:
        host, port = split_target(ask.question.tls)
        addresses = await resolve(ask, host)
        context = self._trust.verifying if ask.question.verify_tls else self._trust.accepting

        async def connect(address: str, seconds: float | None) -> None:
            try:
                ask.tls_not_after = await shake_hands(ask, address, port, host, context=context, seconds=seconds)
            except ssl.SSLCertVerificationError as error:
                await look_again(ask, address, port, self._trust, host)
                raise distrust(error, ask, host) from error

        await first_to_connect(ask, addresses, connect)
        return _judge_end(ask)


def _judge_end(ask: Ask[TlsQuestion]) -> str:
    remote, ends = ask.evidence["remote"], ask.tls_not_after
    if ends is None:
        raise Finding(Trouble.TLS_UNTRUSTED, f"the certificate of {remote} cannot be read")
    if ends <= ask.at:
        raise Finding(Trouble.TLS_EXPIRED, f"the certificate of {remote} has expired on {day(ends)}: renew it")
    days = (ends - ask.at) / 86400.0
    if ends - ask.at < ask.question.expiry_warning:
        raise Finding(
            Trouble.TLS_EXPIRES_SOON, f"the certificate of {remote} ends in {days:.1f} days, on {day(ends)}: renew it"
        )
    return f"the certificate of {remote} is valid for {days:.0f} days"
