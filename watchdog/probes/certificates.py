"""What a server's certificate says, and whether it can be trusted."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from watchdog.model.probe.network import StartTls
from watchdog.probes.ask import AnyAsk, Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.chain import Shown, note
from watchdog.probes.failures import explain
from watchdog.probes.network import connect_tcp, endpoint
from watchdog.probes.starttls import start_tls

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_SELF_SIGNED: Final = (18, 19)
_WRONG_HOST: Final = (62, 64)


class Trust:
    """The TLS contexts, made when first needed and kept: reading the system's authorities takes milliseconds."""

    @cached_property
    def verifying(self) -> ssl.SSLContext:
        """Trusts the system's authorities (SSL_CERT_FILE and SSL_CERT_DIR honoured), Mozilla's where it has none."""
        paths = ssl.get_default_verify_paths()
        if not paths.cafile and not (paths.capath and any(Path(paths.capath).iterdir())):
            import httpx

            return httpx.create_ssl_context(trust_env=False)
        return ssl.create_default_context()

    @cached_property
    def accepting(self) -> ssl.SSLContext:
        """Takes any certificate: to read what cannot be verified."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


async def shake_hands(
    ask: AnyAsk,
    address: str,
    port: int,
    host: str,
    *,
    context: ssl.SSLContext,
    seconds: float | None,
    starttls: StartTls | None = None,
) -> Shown:
    """Connects, makes the TLS handshake, hangs up, and notes what was presented.

    `seconds` bounds the connecting. Raises ssl.SSLCertVerificationError where the context verifies, ProbeFailure for
    everything else.
    """
    opened = await connect_tcp(ask, address, port, seconds)
    ask.enter(ProbePhase.TLS)
    if starttls is not None:
        await start_tls(opened, starttls, endpoint(address, port))
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol,
            sock=opened,
            ssl=context,
            server_hostname=host,
            ssl_handshake_timeout=ask.seconds_left + 1.0,  # the ask's own limit comes first
        )
    except ssl.SSLCertVerificationError:
        raise
    except OSError as error:
        raise explain(error, endpoint(address, port)) from error
    try:
        return note(ask, transport.get_extra_info("ssl_object"))
    finally:
        transport.abort()


async def look_again(
    ask: AnyAsk, address: str, port: int, trust: Trust, host: str, *, starttls: StartTls | None = None
) -> None:
    """Notes a certificate that was just distrusted, and when it ends: that takes a handshake which trusts everybody.

    The verdict stands already, so this may fail, takes at most half of the time that is left, and its own
    phases count for nothing.
    """
    peek = Ask(ask.check, ask.probe, ask.at, ask.vantage)
    with contextlib.suppress(ProbeFailure, TimeoutError):
        async with asyncio.timeout(ask.seconds_left / 2):
            await shake_hands(peek, address, port, host, context=trust.accepting, seconds=None, starttls=starttls)
    ask.tls_not_after = peek.tls_not_after
    ask.evidence = peek.evidence | ask.evidence


def not_after(session: ssl.SSLObject) -> float | None:
    """When the certificate of a made handshake ends, in Unix seconds; None when it cannot be read."""
    ends = (session.getpeercert() or {}).get("notAfter")
    if isinstance(ends, str):
        return float(ssl.cert_time_to_seconds(ends))
    encoded = session.getpeercert(binary_form=True)  # the ssl module parses only what it has verified
    if encoded is None:
        return None
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(encoded).not_valid_after_utc.timestamp()
    except ValueError:
        return None


def distrust(error: ssl.SSLCertVerificationError, ask: AnyAsk, host: str) -> ProbeFailure:
    """Why the certificate that was shown for `host` is not trusted; a failure for each reason of its own."""
    match error.verify_code:
        case code if code == _EXPIRED:
            kind, what = FailureKind.TLS_EXPIRED, f"has expired{_on(ask)}: renew it"
        case code if code == _NOT_YET_VALID:
            kind, what = FailureKind.TLS_NOT_YET_VALID, "is not valid yet: compare the clocks"
        case code if code in _WRONG_HOST:
            kind, what = FailureKind.TLS_WRONG_HOST, f"is not for the name {host}"
        case code if code in _SELF_SIGNED:
            kind, what = FailureKind.TLS_SELF_SIGNED, "is self-signed or its root is not trusted by this host"
        case _:
            kind, what = FailureKind.TLS_UNTRUSTED, f"cannot be verified: {error.verify_message}"
    return ProbeFailure(kind, f"the certificate of {ask.evidence['remote']} {what}")


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _on(ask: AnyAsk) -> str:
    if ask.tls_not_after is None:
        return ""
    if ask.tls_not_after > ask.at:
        return " further up its chain"
    return f" on {day(ask.tls_not_after)}"
