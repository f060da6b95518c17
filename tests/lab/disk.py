"""Disks that fail for real: full, with I/O errors, read-only from one moment to the next."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BALLAST = "ballast"
LETS_GO = 30.0
"""Seconds for the kernel to end a file system that is mounted no more."""


@contextmanager
def tmpfs(place: Path, size: str) -> Generator[Path]:
    place.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", str(place))
    try:
        yield place
    finally:
        _run("umount", "-l", str(place))


def fill(place: Path) -> Path:
    """Takes every byte that is left there; returns the file that holds them."""
    ballast = place / BALLAST
    filled = subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=4k"], capture_output=True, check=False)
    assert b"No space left" in filled.stderr, filled.stderr
    return ballast


@dataclass(frozen=True, slots=True)
class SickDisk:
    """A file system with plenty of free space on a device that has less than it says."""

    place: Path
    backing: Path

    def break_writes(self) -> None:
        """From now on what needs a new block on the device cannot be written: fsync fails."""
        fill(self.backing)

    def mend(self) -> None:
        (self.backing / BALLAST).unlink()

    def become_read_only(self) -> None:
        """As a file system does that has found itself damaged; only `mount_again` ends it."""
        _run("mount", "-o", "remount,errors=remount-ro", str(self.place))
        (self._inside() / "trigger_fs_error").write_text("1")

    def mount(self) -> None:
        _run("mount", "-o", "loop,errors=continue", str(self.backing / "image"), str(self.place))
        self.place.chmod(0o700)

    def mount_again(self) -> None:
        inside = self._inside()
        _run("umount", str(self.place))
        deadline = time.monotonic() + LETS_GO
        while inside.exists():  # a program that was being started has a copy of all mounts for a moment
            assert time.monotonic() < deadline, f"{inside} is still there"
            time.sleep(0.02)
        self.mount()

    def _inside(self) -> Path:
        """What the kernel shows of the file system while it is mounted anywhere."""
        return Path("/sys/fs/ext4") / Path(_run("findmnt", "-n", "-o", "SOURCE", str(self.place))).name


@contextmanager
def sick_disk(place: Path, backing: Path) -> Generator[SickDisk]:
    """Well until it is told otherwise."""
    place.mkdir(exist_ok=True)
    with tmpfs(backing, "16m"):
        with (backing / "image").open("wb") as image:
            image.truncate(64 * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "lazy_itable_init=0", str(backing / "image"))
        disk = SickDisk(place, backing)
        disk.mount()
        try:
            yield disk
        finally:
            _run("umount", "-l", str(place))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, (command, done.stderr.decode())
    return done.stdout.decode().strip()
