"""Space that is kept back, so that a full disk cannot stop what must be recorded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

SIZE: Final = 1024 * 1024
"""Bytes; the write-ahead log is checkpointed at half of it, so that it can be used over and over."""


class Reserve:
    """A file of `SIZE` bytes with its blocks allocated; giving it up frees them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.held = False

    def take(self) -> bool:
        """Allocates what is missing; False when the disk has not got it. Blocks."""
        if self.held:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.fchmod(descriptor, 0o600)
            os.posix_fallocate(descriptor, 0, SIZE)
        except OSError:
            # A part of it would take the space from those for whom it is meant.
            self._path.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)
        self.held = True
        return True

    def give_up(self) -> bool:
        """Frees its blocks; False when there was nothing to free. Blocks."""
        self.held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
