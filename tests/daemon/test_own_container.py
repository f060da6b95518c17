"""The container that the daemon runs in, told by its mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchdog.daemon.process.own_container import own_container

ME, OTHER = "a1" * 32, "b2" * 32
SHARED = (
    f"470 29 0:64 / /var/lib/docker/containers/{OTHER}/mounts/shm rw,nosuid shared:247 - tmpfs shm rw,size=65536k\n"
)


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    return tmp_path / "mountinfo"


@pytest.mark.parametrize("file", ["hostname", "hosts", "resolv.conf"])
def test_inside_a_container_its_id_is_in_what_the_engine_mounts(mounts: Path, file: str) -> None:
    mounts.write_text(
        f"812 797 8:1 /var/lib/docker/containers/{ME}/{file} /etc/{file} rw,relatime - ext4 /dev/sda1 rw\n"
    )
    assert own_container(mounts) == ME


def test_the_shared_memory_of_another_container_is_seen_from_the_host(mounts: Path) -> None:
    mounts.write_text(SHARED)
    assert own_container(mounts) is None


def test_without_mounts_to_read_it_runs_in_none(mounts: Path) -> None:
    assert own_container(mounts) is None
