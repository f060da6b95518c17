"""A certificate authority for tests, and certificates with every fault."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def ends(self) -> float:
        return self.certificate.not_valid_after_utc.timestamp()


class Authority:
    """Issues certificates for 127.0.0.1; `path` is the root's PEM file."""

    def __init__(self, directory: Path, *, days: float = 365) -> None:
        self._directory = directory
        self._root = _issue("Test root", None, dt.timedelta(days=-200), dt.timedelta(days=days), authority=True)
        self.path = directory / "root.pem"
        self.path.write_bytes(self._root.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, *, days: float = 90, begins: float = -100, host: str = "127.0.0.1", self_signed: bool = False
    ) -> Issued:
        signer = None if self_signed else self._root
        return _issue(host, signer, dt.timedelta(days=begins), dt.timedelta(days=days))

    def server(self, issued: Issued) -> ssl.SSLContext:
        """A server's context that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem(issued))
        return context

    def pem(self, issued: Issued) -> Path:
        """A file of key and certificate."""
        path = self._directory / f"{issued.certificate.serial_number}.pem"
        path.write_bytes(
            issued.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + issued.certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path


def _issue(
    host: str, signer: Issued | None, begins: dt.timedelta, ends: dt.timedelta, *, authority: bool = False
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    subject: x509.GeneralName
    try:
        subject = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host.replace(" ", "-"))
    signing = signer.key if signer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(signer.certificate.subject if signer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    return Issued(builder.sign(signing, hashes.SHA256()), key)
