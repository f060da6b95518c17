"""The ground under a test engine: a directory, a network namespace and a veth pair, all named by one number.

Everything is found again by that number alone, so what a killed test run left behind is removed by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HOME = Path("/var/tmp")
"""On disk even where /tmp is a tmpfs: overlay2 needs a real file system."""
PREFIX = "wdlab"
MAX_LABS = 250


class LabUnavailable(Exception):
    """This machine cannot run a test engine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Ground:
    number: int
    lease: IO[str]
    """Held open and locked while the owner lives."""

    @property
    def name(self) -> str:
        """Of the namespace, of the host's end of the veth pair, and of the containers' parent cgroup."""
        return f"{PREFIX}{self.number}"

    @property
    def directory(self) -> Path:
        return HOME / self.name

    @property
    def host_address(self) -> str:
        return f"10.213.{self.number}.1"

    @property
    def address(self) -> str:
        """Where the host's namespace reaches the ports that containers publish."""
        return f"10.213.{self.number}.2"

    @property
    def enter(self) -> tuple[str, ...]:
        """Prefix of a command that is to run inside; `ip netns exec` would hide the cgroup mounts."""
        return ("nsenter", f"--net=/run/netns/{self.name}")


def claim() -> Ground:
    """A free ground with its namespace up; raises LabUnavailable where that is not permitted."""
    missing = [program for program in ("ip", "nsenter", "iptables") if shutil.which(program) is None]
    if os.geteuid() != 0 or missing:
        raise LabUnavailable(f"not found: {', '.join(missing)}" if missing else "root is needed for a test engine")
    with (HOME / f"{PREFIX}.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for number in range(1, MAX_LABS):
            directory = HOME / f"{PREFIX}{number}"
            directory.mkdir(mode=0o711, exist_ok=True)
            lease = (directory / "lease").open("a")
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lease.close()
                continue
            ground = Ground(number, lease)
            _clear(ground)
            _raise_network(ground)
            return ground
    raise LabUnavailable(f"all {MAX_LABS} grounds under {HOME} are taken")


def release(ground: Ground) -> None:
    """Ends every process in it, then removes namespace, cgroups, mounts and the directory."""
    _clear(ground)
    ground.lease.close()
    shutil.rmtree(ground.directory)


def _raise_network(ground: Ground) -> None:
    inner = f"{ground.name}n"
    try:
        _run("ip", "netns", "add", ground.name)
        _run("ip", "link", "add", ground.name, "type", "veth", "peer", "name", inner, "netns", ground.name)
        _run("ip", "addr", "add", f"{ground.host_address}/30", "dev", ground.name)
        _run("ip", "link", "set", ground.name, "up")
        _run("ip", "-n", ground.name, "link", "set", "lo", "up")
        _run("ip", "-n", ground.name, "addr", "add", f"{ground.address}/30", "dev", inner)
        _run("ip", "-n", ground.name, "link", "set", inner, "up")
    except subprocess.CalledProcessError as error:
        _clear(ground)
        raise LabUnavailable(f"no network namespace: {error.stderr.strip()}") from error


def _clear(ground: Ground) -> None:
    deadline = time.monotonic() + 30
    while pids := _processes(ground):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise LabUnavailable(f"processes {sorted(pids)} of {ground.name} do not end")
        time.sleep(0.02)
    for mount in _mounts(ground.directory):
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
    for command in (["ip", "link", "del", ground.name], ["ip", "netns", "del", ground.name]):
        subprocess.run(command, check=False, capture_output=True)
    for cgroup in _cgroups(ground):
        for folder in sorted(cgroup.rglob("*/"), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            cgroup.rmdir()
    for entry in ground.directory.iterdir():
        if entry.name != "lease":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _processes(ground: Ground) -> set[int]:
    """Those in the namespace (engine, containerd, shims) and those in the containers' cgroup."""
    inside = subprocess.run(["ip", "netns", "pids", ground.name], check=False, capture_output=True, text=True).stdout
    pids = {int(pid) for pid in inside.split()}
    for cgroup in _cgroups(ground):
        for folder, _, _ in os.walk(cgroup):  # folders go away meanwhile, which os.walk does not mind
            with contextlib.suppress(OSError):
                pids.update(int(pid) for pid in (Path(folder) / "cgroup.procs").read_text().split())
    return pids - {0, os.getpid()}


def _cgroups(ground: Ground) -> list[Path]:
    root = Path("/sys/fs/cgroup")
    return [path for path in (root / ground.name, *root.glob(f"*/{ground.name}")) if path.is_dir()]


def _mounts(directory: Path) -> list[str]:
    """Mount points beneath, deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{directory}/")), reverse=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
