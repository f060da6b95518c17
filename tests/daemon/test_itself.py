"""A daemon in a container never acts on its own; a daemon on the host has none, whatever containers mount there."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchdog.daemon.itself import own_container

ID = "66f3cf49cfad" + 52 * "0"
INSIDE = f"1012 954 254:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n"
ROOTLESS = f"99 95 0:49 /home/me/docker/containers/{ID}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw\n"
SHARED_IPC = f"954 53 0:51 / /var/lib/docker/containers/{ID}/mounts/shm rw,nosuid - tmpfs shm rw,size=65536k\n"
BOUND = f"90 53 254:1 /var/lib/docker/containers/{ID}/hostname /mnt/hostname rw,relatime - ext4 /dev/vda1 rw\n"


@pytest.mark.parametrize(
    ("mounts", "own"),
    [(INSIDE, ID), (SHARED_IPC + ROOTLESS, ID), (SHARED_IPC, None), (BOUND, None), ("", None)],
    ids=["in a container", "rootless", "another's shared memory", "another's file", "no mounts"],
)
def test_the_own_container_is_the_one_whose_files_are_mounted_at_their_place(
    mounts: str, own: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "mountinfo"
    file.write_text("22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n" + mounts)
    assert own_container(file) == own


def test_without_a_list_of_mounts_there_is_none(tmp_path: Path) -> None:
    assert own_container(tmp_path / "mountinfo") is None
