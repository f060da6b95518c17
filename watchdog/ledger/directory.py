"""The state directory: for its owner only, and never somebody else's directory by mistake."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from watchdog.errors import LedgerError
from watchdog.ledger.failures import translated

_OURS = frozenset({"ledger.db", "lock"})
"""Either of these says that a directory is a state directory."""


def prepare(directory: Path) -> None:
    """Makes the state directory 0700, or closes an existing one to others; blocks.

    Raises LedgerError when it cannot be made, is no directory, belongs to another user, or is open to others and
    holds what is not watchdog's: closing `/var/lib` by a typing error would break the host.
    """
    with translated(directory):
        directory.parent.mkdir(parents=True, exist_ok=True)
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            if not directory.is_dir():
                raise LedgerError(
                    f"State directory {directory} is not a directory: remove the file or set [state] dir elsewhere"
                ) from None
        status = directory.stat()
        if stat.S_IMODE(status.st_mode) & 0o077 == 0:
            return
        if status.st_uid != os.geteuid():
            raise LedgerError(
                f"State directory {directory} belongs to another user (uid {status.st_uid}) and is open to others: "
                f"run as that user or set [state] dir to a directory of watchdog's own"
            )
        names = {entry.name for entry in directory.iterdir()}
        if names and not names & _OURS:
            raise LedgerError(
                f"State directory {directory} is open to others and holds files that are not watchdog's: "
                f"set [state] dir to a directory of watchdog's own"
            )
        directory.chmod(0o700)
