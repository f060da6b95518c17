"""What a server presented in a handshake: its certificate, and the chain by which that is trusted."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from typing import Any, Final

from watchdog.probes.ask import AnyAsk

DER: Final = 2
"""`_ssl.ENCODING_DER`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`ends` and `first_end` are Unix seconds, None where the certificate cannot be read."""

    version: str
    """Of TLS, as `1.3`."""
    ends: float | None = None
    fingerprint: str = ""
    """SHA-256 of the certificate, in hex: endpoints that present the same one have it in common."""
    issuer: str = ""
    serial: str = ""
    first_end: float | None = None
    """When the first certificate of the verified chain ends: the server's own, or that of an authority."""
    first_name: str = ""
    """Whose that is."""


def shown(session: ssl.SSLObject) -> Shown:
    """Of a handshake that was made."""
    version = (session.version() or "").removeprefix("TLSv")
    version = "1.0" if version == "1" else version
    encoded = session.getpeercert(binary_form=True)
    if encoded is None:
        return Shown(version=version)
    from cryptography import x509

    try:
        own = x509.load_der_x509_certificate(encoded)
        chain = [own, *(x509.load_der_x509_certificate(one) for one in verified_chain(session)[1:])]
        first = min(chain, key=lambda one: one.not_valid_after_utc)
        return Shown(
            version=version,
            ends=own.not_valid_after_utc.timestamp(),
            fingerprint=certificate(session),
            issuer=own.issuer.rfc4514_string(),
            serial=f"{own.serial_number:x}",
            first_end=first.not_valid_after_utc.timestamp(),
            first_name=first.subject.rfc4514_string(),
        )
    except ValueError:
        return Shown(version=version, fingerprint=certificate(session))


def note(ask: AnyAsk, session: ssl.SSLObject) -> Shown:
    """Puts what people look for into the evidence."""
    found = shown(session)
    ask.tls_not_after = found.ends
    ask.evidence |= {"tls_version": found.version, "certificate": found.fingerprint}
    ask.evidence |= {"issuer": found.issuer, "serial": found.serial}
    return found


def certificate(session: ssl.SSLObject) -> str:
    """The SHA-256 of the server's certificate, in hex; '' where it has shown none."""
    encoded = session.getpeercert(binary_form=True)
    return hashlib.sha256(encoded).hexdigest() if encoded else ""


def verified_chain(session: ssl.SSLObject) -> list[bytes]:
    """From the server's certificate to the authority that is trusted, encoded; empty where nothing was verified.

    Public from Python 3.13 on; the same call stands behind it since 3.10.
    """
    if session.context.verify_mode is ssl.CERT_NONE:
        return []
    public: Any = getattr(session, "get_verified_chain", None)
    if public is not None:
        return public()
    inner: Any = getattr(session, "_sslobj", None)
    return [one.public_bytes(DER) for one in inner.get_verified_chain() or ()]
