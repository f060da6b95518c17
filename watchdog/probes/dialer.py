"""Connections for HTTP: the host's addresses in turn, over TLS where the URL says so."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

from yarl import URL

from watchdog.probes.ask import AnyAsk, FailureKind, ProbePhase, Unconnected
from watchdog.probes.certificates import Trust, distrust, look_again, not_after
from watchdog.probes.chain import certificate
from watchdog.probes.failures import explain
from watchdog.probes.network import connect_tcp, endpoint, first_to_connect, resolve

FAREWELL: Final = 1.0
"""Seconds that the other side gets to say goodbye over TLS before the connection is cut."""

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


class Dialer:
    """Opens connections, by the phases `resolve`, `connect` and `tls` of an ask.

    With `speaks`, an ALPN name (RFC 7301), that is offered over TLS; `trust` is then this dialer's alone.
    """

    def __init__(self, trust: Trust, *, speaks: str | None = None) -> None:
        self._trust = trust
        self._speaks = speaks

    async def open(
        self, ask: AnyAsk, url: URL, factory: Callable[[], ProtocolT], *, verify: bool
    ) -> tuple[asyncio.Transport, ProtocolT]:
        """A connection that speaks to what `factory` makes, the caller's to close; raises ProbeFailure.

        Notes in the ask whom it reached, and over TLS which certificate that is and when it ends.
        """
        host, port = str(url.raw_host), int(url.port or 0)
        context = self._context(verify=verify) if url.scheme == "https" else None
        addresses = await resolve(ask, host)

        async def connect(address: str, seconds: float | None) -> tuple[asyncio.Transport, ProtocolT]:
            opened = await connect_tcp(ask, address, port, seconds)
            loop = asyncio.get_running_loop()
            if context is None:
                return await loop.create_connection(factory, sock=opened)
            ask.enter(ProbePhase.TLS)
            try:
                async with asyncio.timeout(seconds):
                    made = await loop.create_connection(
                        factory,
                        sock=opened,
                        ssl=context,
                        server_hostname=host,
                        ssl_handshake_timeout=ask.seconds_left + 1.0,  # the ask's own limit comes first
                        ssl_shutdown_timeout=FAREWELL,
                    )
            except ssl.SSLCertVerificationError as error:
                await look_again(ask, address, port, self._trust, host)
                raise distrust(error, ask, host) from error
            except TimeoutError as error:
                where = endpoint(address, port)
                raise Unconnected(FailureKind.TIMEOUT, f"{where} did not complete the TLS handshake in time") from error
            except OSError as error:
                raise explain(error, endpoint(address, port), ask.vantage.name) from error
            ask.tls_not_after = _ends(made[0])
            ask.evidence["certificate"] = certificate(made[0].get_extra_info("ssl_object"))
            return made

        return await first_to_connect(ask, addresses, connect)

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        context = self._trust.verifying if verify else self._trust.accepting
        if self._speaks is not None:
            context.set_alpn_protocols([self._speaks])
        return context


def _ends(transport: asyncio.Transport) -> float | None:
    """When the certificate that was shown ends, in Unix seconds; None when it cannot be read."""
    certificate: dict[str, object] = transport.get_extra_info("peercert") or {}
    ends = certificate.get("notAfter")
    return _seconds(ends) if isinstance(ends, str) else not_after(transport.get_extra_info("ssl_object"))


@lru_cache(maxsize=1024)
def _seconds(ends: str) -> float:
    """The same certificate is shown at every ask, and reading a date is slow."""
    return float(ssl.cert_time_to_seconds(ends))
