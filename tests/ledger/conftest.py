"""Places to keep a ledger in: an ordinary directory, and a small disk of its own that can be filled."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs of the given size (`4m`) for the test."""
    with ExitStack() as stack:

        def mount(size: str) -> Path:
            place = tmp_path / f"disk-{size}"
            place.mkdir()
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                pytest.skip(f"no right to mount a disk here: {done.stderr.strip()}")
            stack.callback(subprocess.run, ["umount", "-l", place], check=True)
            return place

        yield mount
