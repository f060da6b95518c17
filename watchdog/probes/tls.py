"""Does the server prove who it is, and for how much longer?"""

from __future__ import annotations

import ssl

from watchdog.model.probe.network import TlsProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure
from watchdog.probes.certificates import Trust, day, distrust, look_again, shake_hands
from watchdog.probes.chain import Shown
from watchdog.probes.context import ProberContext
from watchdog.probes.network import first_to_connect, resolve, split_target

DAY = 86400.0


def make(context: ProberContext) -> TlsProber:
    return TlsProber(context.trust)


class TlsProber:
    """Makes a handshake and judges the certificate: its end, its name, who signed it."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    async def __call__(self, ask: Ask[TlsProbe]) -> str:
        probe = ask.probe
        host, port = split_target(probe.tls)
        addresses = await resolve(ask, host)
        name = probe.server_name or host
        context = self._trust.verifying if probe.verify_tls else self._trust.accepting

        async def connect(address: str, seconds: float | None) -> Shown:
            try:
                return await shake_hands(
                    ask, address, port, name, context=context, seconds=seconds, starttls=probe.starttls
                )
            except ssl.SSLCertVerificationError as error:
                await look_again(ask, address, port, self._trust, name, starttls=probe.starttls)
                raise distrust(error, ask, name) from error

        found = await first_to_connect(ask, addresses, connect)
        _judge_version(ask, found)
        return _judge_end(ask, found)


def _judge_version(ask: Ask[TlsProbe], found: Shown) -> None:
    wanted = ask.probe.min_version
    if wanted is not None and found.version < wanted.value:
        raise ProbeFailure(
            FailureKind.TLS_VERSION,
            f"{ask.evidence['remote']} speaks TLS {found.version}; at least {wanted} is expected",
        )


def _judge_end(ask: Ask[TlsProbe], found: Shown) -> str:
    remote = ask.evidence["remote"]
    if found.ends is None or found.first_end is None:
        raise ProbeFailure(FailureKind.TLS_UNTRUSTED, f"the certificate of {remote} cannot be read")
    if found.ends <= ask.at:
        raise ProbeFailure(
            FailureKind.TLS_EXPIRED, f"the certificate of {remote} has expired on {day(found.ends)}: renew it"
        )
    days, left = (found.ends - ask.at) / DAY, found.first_end - ask.at
    if found.ends - ask.at < ask.probe.expiry_warning:
        raise ProbeFailure(
            FailureKind.TLS_EXPIRES_SOON,
            f"the certificate of {remote} ends in {days:.1f} days, on {day(found.ends)}: renew it",
        )
    if left < ask.probe.expiry_warning:
        raise ProbeFailure(
            FailureKind.TLS_EXPIRES_SOON,
            f"the authority {found.first_name} above the certificate of {remote} ends in {left / DAY:.1f} days, "
            f"on {day(found.first_end)}: the server needs a chain that lasts",
        )
    return f"the certificate of {remote} is valid for {days:.0f} days"
