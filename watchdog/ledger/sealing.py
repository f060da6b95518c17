"""Specs hold secrets: how they stand in the database, with a key and without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from watchdog.errors import LedgerError
from watchdog.ledger.chain import sha256
from watchdog.ledger.failures import translated

if TYPE_CHECKING:
    from cryptography.fernet import Fernet  # loads OpenSSL: only where a key file is configured

_KEY_BYTES: Final = 4096
"""More than any key; bounds what is read of a file named by mistake."""


class Seal:
    """Closes and opens the text of a spec; encrypts with Fernet (AES-128-CBC, HMAC-SHA-256) when it has a key."""

    def __init__(self, key_file: Path | None) -> None:
        """Raises LedgerError when the key file cannot be read or holds no key; blocks."""
        self._key_file = key_file
        self._fernet = _read_key(key_file) if key_file else None

    @property
    def encrypts(self) -> bool:
        return self._fernet is not None

    def close(self, text: str) -> str:
        if self._fernet is None:
            return f"{sha256(text)}\n{text}"
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, content: str, *, sealed: bool, spec_id: str) -> str:
        """Raises LedgerError for a missing or wrong key and for content that was edited."""
        name = f"Saved spec {spec_id[:12]}"
        if not sealed:
            digest, _, text = content.partition("\n")
            if digest != sha256(text):
                raise LedgerError(f"{name} was edited or damaged: deploy the service again to save a new one")
            return text
        if self._fernet is None:
            raise LedgerError(f"{name} is encrypted: set [state] key_file to the key that it was saved with")
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(content.encode()).decode()
        except InvalidToken as error:
            raise LedgerError(
                f"{name} cannot be decrypted with {self._key_file}: it is another key, or the spec was edited; "
                f"set [state] key_file to the key that it was saved with"
            ) from error


def _read_key(key_file: Path) -> Fernet:
    from cryptography.fernet import Fernet

    with translated(key_file), key_file.open("rb") as file:
        key = file.read(_KEY_BYTES).strip()
    try:
        return Fernet(key)
    except ValueError as error:
        raise LedgerError(
            f"Key file {key_file} holds no key (32 bytes, URL-safe base64): make one with "
            f"`openssl rand -base64 32 | tr '+/' '-_'`"
        ) from error
