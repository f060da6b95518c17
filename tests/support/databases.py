"""Real PostgreSQL and Redis servers of Debian, each in a directory of its own and gone with the test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.probes.servers import free_port
from tests.support.packages import missing, program
from watchdog.model.observation import Check
from watchdog.model.probe.reports import PostgresProbe, RedisProbe

PASSWORD = "hunter2-of-the-database"  # noqa: S105 - of a test
STARTS_WITHIN = 60.0


@dataclass(slots=True)
class Server:
    """One server that listens on the loopback."""

    port: int
    process: subprocess.Popen[bytes]
    directory: Path

    @property
    def redis_url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def freeze(self) -> None:
        """Takes connections by its kernel, and does nothing any more."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)


def postgres(port: int, timeout: float = 10.0, **keys: Any) -> Check:
    url = keys.pop("postgres", f"postgresql://postgres@127.0.0.1:{port}/postgres")
    password = keys.pop("password", PASSWORD)
    return Check(name="db", probe=PostgresProbe(postgres=url, password=password, **keys), timeout=timeout)


def redis(port: int, timeout: float = 10.0, **keys: Any) -> Check:
    url = keys.pop("redis", f"redis://127.0.0.1:{port}/0")
    password = keys.pop("password", PASSWORD)
    return Check(name="cache", probe=RedisProbe(redis=url, password=password, **keys), timeout=timeout)


@contextmanager
def postgres_server(*settings: str, copy_of: Server | None = None) -> Generator[Server]:
    """With `copy_of` a standby that follows that one."""
    programs = _programs()
    with _directory("postgres") as directory:
        cluster = directory / "data"
        if copy_of is None:
            (directory / "password").write_text(PASSWORD)
            start = ("-D", str(cluster), "-U", "postgres", "-A", "scram-sha-256", "--no-sync")
            _run([programs / "initdb", *start, f"--pwfile={directory / 'password'}"], directory)
        else:
            source = f"host=127.0.0.1 port={copy_of.port} user=postgres password={PASSWORD}"
            _run([programs / "pg_basebackup", "-D", cluster, "-R", "-c", "fast", "--no-sync", "-d", source], directory)
        port = free_port()
        options = ("fsync=off", "listen_addresses=127.0.0.1", "log_min_messages=fatal", *settings)
        given = [part for option in options for part in ("-c", option)]
        command = [programs / "postgres", "-D", cluster, "-p", str(port), "-k", directory, *given]
        with _running(command, directory, port) as server:
            yield server


@contextmanager
def redis_server(*settings: str) -> Generator[Server]:
    """`{port}` in a setting stands for its port."""
    installed = program("redis-server")
    with _directory(None) as directory:
        port = free_port()
        place = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory))
        given = (*place, "--save", "", "--requirepass", PASSWORD)
        command = [installed, *given, *(one.format(port=port) for one in settings)]
        with _running(command, directory, port) as server:
            yield server


@contextmanager
def _running(command: Sequence[str | Path], directory: Path, port: int) -> Generator[Server]:
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_as_owner(directory), *command], cwd=directory, stdout=log, stderr=log, process_group=0
        )
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not _answers(port):
            assert process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.02)
        yield Server(port, process, directory)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@contextmanager
def _directory(owner: str | None) -> Generator[Path]:
    """Below /tmp and not below pytest's own, into which the servers' user may not look."""
    directory = Path(tempfile.mkdtemp(prefix="watchdog-database-"))
    try:
        if owner is not None and os.geteuid() == 0:
            shutil.chown(directory, owner)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as_owner(directory: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    owner = directory.owner()
    if os.geteuid() != 0 or owner == "root":
        return []
    return ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups", "--"]


def _run(command: Sequence[str | Path], directory: Path) -> None:
    whole = [*_as_owner(directory), *command]
    done = subprocess.run(whole, cwd=directory, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else missing("postgresql")


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
