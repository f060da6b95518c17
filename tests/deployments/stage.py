"""A shop of three services by Docker Compose, watched by a daemon, and `watchdog deploy` as its users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.scene import Scene
from tests.lab.watch import Ran

COMPOSE = str(Path(sysconfig.get_path("platlib")) / "compose" / "docker-compose")
UP = (COMPOSE, "--ansi=never", "up", "--detach", "--timeout", "0")
PORT = 8081

STACK = """
name: shop
services:
  db:
    image: shop/db:1
    init: true
    volumes: [data:/data]
    stop_grace_period: 0s
  api:
    image: shop/web:1
    stop_signal: KILL
    depends_on: [db]
  webui:
    image: {image}
    stop_signal: KILL
    depends_on: [api]
    ports: ["8081:80"]
{more}
volumes: {{data: {{}}}}
"""
CHECKS = f"""
[[endpoint]]
name = "page"
service = "shop/webui"
url = "http://127.0.0.1:{PORT}/"
interval = "500ms"
retry_interval = "100ms"
[[endpoint]]
name = "public"
url = "http://127.0.0.1:{PORT}/index.html"
interval = "500ms"
retry_interval = "100ms"
"""
HTTPD = ["httpd", "-f", "-p", "80", "-h", "/www"]


@dataclass(slots=True)
class Told:
    """How a `watchdog deploy --json` ended, and its events."""

    ran: Ran
    events: list[Any] = field(default_factory=list[Any])

    @property
    def code(self) -> int:
        return self.ran.code

    def of(self, event: str) -> list[Any]:
        return [one for one in self.events if one["event"] == event]

    @property
    def end(self) -> Any:
        (end,) = self.of("end")
        return end

    @property
    def why(self) -> str:
        """Everything, for a test that fails."""
        return f"{self.ran.code}\n{self.ran.out}\n{self.ran.err}"


@dataclass(slots=True)
class Shop:
    watch: Scene
    folder: Path

    def open(self, *, more: str = "", config: str = "") -> None:
        """The shop runs, is protected, and passes its checks."""
        engine = self.watch.engine
        engine.image("shop/db:1")
        engine.image("shop/web:1", cmd=HTTPD)
        self.write(more=more)
        engine.compose(self.folder, "up", "--detach")
        engine.docker("exec", "shop-db-1", "sh", "-c", "echo precious > /data/precious")
        self.watch.start("shop/db", "shop/api", "shop/webui", more=CHECKS + config)
        self.watch.daemon.wait(self.all_pass, "the public endpoint does not pass")

    def all_pass(self) -> bool:
        endpoints = self.watch.daemon.status()["endpoints"]
        return bool(endpoints) and all(one["verdict"] == "pass" for one in endpoints)

    def write(self, *, image: str = "shop/web:1", more: str = "", text: str = STACK) -> None:
        (self.folder / "compose.yaml").write_text(text.format(image=image, more=more))

    def environment(self, **more: str) -> dict[str, str]:
        daemon = self.watch.daemon
        own = {name: value for name, value in self.watch.engine.environment.items() if not name.startswith("WATCHDOG_")}
        return {**own, "NO_COLOR": "1", "WATCHDOG_CONFIG": str(daemon.directory / "config.toml"), **more}

    def line(self, *arguments: str) -> list[str]:
        return [*self.watch.engine.enter, *self.watch.daemon.command(*arguments)]

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, timeout: float = 90.0) -> Ran:
        """Any command of watchdog, in the folder of the shop."""
        done = subprocess.run(
            self.line(*arguments),
            cwd=self.folder,
            env={**self.environment(), **(environment or {})},
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def deploy(self, *options: str, command: Sequence[str] = UP, soak: str = "300ms", timeout: float = 90.0) -> Told:
        """`watchdog deploy --json`, to its end."""
        ran = self.run("deploy", "--json", "--soak", soak, *options, "--", *command, timeout=timeout)
        return Told(ran, [json.loads(line) for line in ran.out.splitlines()])

    def start(self, *options: str, command: Sequence[str] = UP, soak: str = "300ms") -> subprocess.Popen[bytes]:
        """The same, not waited for."""
        return subprocess.Popen(
            self.line("deploy", "--json", "--soak", soak, *options, "--", *command),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def serves(self) -> bool:
        return self.watch.engine.get(PORT).body == b"ok\n"

    def identities(self) -> dict[str, str]:
        """Container names with their IDs, all of the shop's."""
        lines = self.watch.engine.api("GET", "/containers/json", query={"all": 1}).json
        return {line["Names"][0].lstrip("/"): line["Id"] for line in lines}

    def image_of(self, name: str) -> str:
        return self.watch.engine.inspect(name)["Config"]["Image"]

    def still_good(self) -> None:
        """After every deployment: one running container each, the data intact, nobody quarantined, Compose content."""
        engine = self.watch.engine
        assert engine.docker("exec", "shop-db-1", "cat", "/data/precious") == "precious"
        names = self.identities()
        strange = [name for name in names if not name.startswith("shop-")]
        assert not strange, strange
        self.watch.daemon.wait(lambda: self.watch.daemon.protected("shop/db", "shop/api", "shop/webui"), "not good")
        closed = "an incident stays open"  # on a busy machine an endpoint may be late once
        self.watch.daemon.wait(lambda: all(one["closed_at"] for one in self.watch.daemon.incidents()), closed)


def pid_environment(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - a file of the kernel
        pairs = (entry.partition(b"=") for entry in file.read().split(b"\0") if entry)
        return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
