"""A real `watchdog run` beside a lab engine, and the doors through which people use it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.lab.engine import Answer, LabEngine

T = TypeVar("T")

START_TIMEOUT = 20.0
QUICK = """
[watch]
interval = "1s"
[engine]
settle = "1s"
timeout = "5s"
[health]
failures = 2
retry_interval = "300ms"
soak = "500ms"
stable = "500ms"
[recovery]
absence_grace = "300ms"
backoff = "300ms"
verify_timeout = "15s"
"""
"""Minutes become moments; the proportions stay."""


@dataclass(slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class LabDaemon:
    """One daemon with a state directory of its own; it runs inside the engine's network namespace."""

    engine: LabEngine
    directory: Path
    config: str = QUICK
    environment: dict[str, str] = field(default_factory=dict[str, str])
    program: str = "watchdog"
    """The module that is run as the daemon."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.directory / "watchdog.sock"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the daemon is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        file = self.directory / "daemon.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def write_config(self, config: str | None = None) -> Path:
        self.config = self.config if config is None else config
        file = self.directory / "config.toml"
        places = f'[api]\nlisten = "off"\nsocket = "{self.socket}"\n'
        places += f'[state]\ndir = "{self.state}"\nrun_dir = "{self.directory / "run"}"\n'
        file.write_text(places + self.config)
        return file

    def start(self, *, wait: bool = True) -> LabDaemon:
        self.write_config()
        command = [*self.engine.enter, *self.command("run", program=self.program)]
        with (self.directory / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        if wait:
            self.wait(lambda: self.get("/-/ready").status == 200, "the daemon is not ready", START_TIMEOUT)
        return self

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(20)
        self._process = None
        return code

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ended(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    def cli(self, *arguments: str, timeout: float = 60.0) -> Ran:
        """Runs a command as its user would, inside the namespace."""
        done = subprocess.run(
            [*self.engine.enter, *self.command(*arguments)],
            env=self._environment(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One request on the unix socket, nothing shared with the product's own client."""
        connection = http.client.HTTPConnection("localhost", timeout=10)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        try:
            connection.sock.connect(str(self.socket))
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"} if content else {})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def status(self) -> Any:
        return self.get("/api/v1/status").json

    def service(self, name: str) -> Any:
        """A service's part of the status, by `project/name` or name; None when it is not there."""
        for service in self.status()["services"]:
            if name in {service["name"], f"{service['project']}/{service['name']}"}:
                return service
        return None

    def incidents(self) -> Any:
        return self.get("/api/v1/incidents?limit=1000").json["incidents"]

    def timeline(self, incident: int) -> Any:
        return self.get(f"/api/v1/incidents/{incident}").json["timeline"]

    def rows(self, kind: str) -> list[Any]:
        """All ledger rows of a kind that belong to incidents, oldest first."""
        rows = [row for one in self.incidents() for row in self.timeline(one["id"])]
        return sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["seq"])

    def metrics(self) -> str:
        return self.get("/metrics").body.decode()

    def protected(self, *names: str) -> bool:
        found = [self.service(name) for name in names]
        return all(one is not None and one["protected"] and one["health"] == "healthy" for one in found)

    def healthy(self, name: str) -> bool:
        found = self.service(name)
        return found is not None and found["health"] == "healthy"

    def wait(self, condition: Callable[[], T], failure: str, timeout: float = 20.0) -> T:
        """Waits for a condition under a deadline; connection errors count as not yet."""
        deadline = time.monotonic() + timeout
        while True:
            with suppress(OSError, http.client.HTTPException):
                found = condition()
                if found:
                    return found
            if self.ended() is not None:
                raise AssertionError(f"{failure}: the daemon ended with {self.ended()}:\n{self.log[-4000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{failure} within {timeout:g} s:\n{self.log[-6000:]}")
            time.sleep(0.02)

    def wait_protected(self, *names: str) -> None:
        self.wait(lambda: self.protected(*names), f"{names} are not protected")

    def command(self, *arguments: str, program: str = "watchdog") -> list[str]:
        return [sys.executable, "-m", program, "--config", str(self.directory / "config.toml"), *arguments]

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("WATCHDOG_")}
        return {**own, "DOCKER_HOST": self.engine.host, "NO_COLOR": "1", **self.environment}


@contextmanager
def lab_daemon(engine: LabEngine, directory: Path, config: str = QUICK) -> Generator[LabDaemon]:
    """A daemon that can be started; whatever happens it is gone afterwards."""
    daemon = LabDaemon(engine, directory, config)
    try:
        yield daemon
    finally:
        daemon.kill()
