"""A shop of three services by Docker Compose, watched by a daemon, and `watchdog deploy` as its users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast

import yaml

from tests.faults.scene import Scene
from tests.lab.engine import Instruction
from tests.lab.watch import QUICK, Ran

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
STEADY = QUICK.replace("[health]\n", "[health]\nflap_high = 100\n")
"""Many deployments in a few seconds are no flapping."""
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
    started: ExitStack
    in_force: str = ""
    """The Compose file by which what is there was made."""

    def open(self, *, image: str = "shop/web:1", more: str = "", config: str = "", base: str = STEADY) -> None:
        """The shop runs, is protected, and passes its checks."""
        engine = self.watch.engine
        engine.image("shop/db:1")
        engine.image("shop/web:1", cmd=HTTPD)
        self.write(image=image, more=more)
        self.in_force = self.file.read_text()
        engine.compose(self.folder, "up", "--detach")
        engine.docker("exec", "shop-db-1", "sh", "-c", "echo precious > /data/precious")
        self.watch.start(*self.services(), config=base, more=CHECKS + config)
        self.watch.daemon.wait(self.all_pass, "the public endpoint does not pass")

    def all_pass(self) -> bool:
        status = self.watch.daemon.status()
        asked = [*status["endpoints"], *status["journeys"]]
        return bool(asked) and all(one["verdict"] == "pass" for one in asked)

    @property
    def file(self) -> Path:
        return self.folder / "compose.yaml"

    def services(self) -> list[str]:
        """Those of the file that is in force."""
        return [f"shop/{name}" for name in yaml.safe_load(self.in_force)["services"]]

    def write(self, *, image: str = "shop/web:1", more: str = "", text: str = STACK) -> None:
        self.file.write_text(text.format(image=image, more=more))

    def web(self, tag: str, script: str, **more: Instruction) -> str:
        """An image `shop/web:TAG` that does this before it serves; returns that name."""
        self.watch.engine.image(f"shop/web:{tag}", marker=tag, cmd=["sh", "-c", script], **more)
        return f"shop/web:{tag}"

    def environment(self, **more: str) -> dict[str, str]:
        daemon = self.watch.daemon
        own = {name: value for name, value in self.watch.engine.environment.items() if not name.startswith("WATCHDOG_")}
        places = {
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "WATCHDOG_CONFIG": str(daemon.directory / "config.toml"),
        }
        return {**own, **places, "NO_COLOR": "1", **more}

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

    def start(
        self,
        *options: str,
        command: Sequence[str] = UP,
        soak: str = "300ms",
        out: int | BinaryIO = subprocess.PIPE,
        err: int | BinaryIO = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """The same, not waited for; it is gone when the test has ended, however that ends."""
        line = self.line("deploy", "--json", "--soak", soak, *options, "--", *command)
        started = subprocess.Popen(line, cwd=self.folder, env=self.environment(), stdout=out, stderr=err)
        self.started.callback(started.wait, 10)
        self.started.callback(started.kill)
        return started

    def serves(self) -> bool:
        return self.watch.engine.get(PORT).body == b"ok\n"

    def identities(self) -> dict[str, str]:
        """Container names with their IDs, all of the shop's."""
        return {line["Names"][0].lstrip("/"): line["Id"] for line in self.watch.engine.containers()}

    def image_of(self, name: str) -> str:
        """Empty while no container has the name, as for a moment whenever Compose recreates one."""
        answer = self.watch.engine.api("GET", f"/containers/{name}/json")
        return answer.json["Config"]["Image"] if answer.status == HTTPStatus.OK else ""

    def commits(self, *options: str, command: Sequence[str] = UP, soak: str = "300ms") -> Told:
        """A deployment that has to end with 0; the file that stands there is in force from now on."""
        told = self.deploy(*options, command=command, soak=soak)
        self.proves(told, 0, "committed")
        self.in_force = self.file.read_text()
        self.still_good()
        return told

    def rolls_back(self, because: str, *options: str, command: Sequence[str] = UP, soak: str = "300ms") -> Told:
        """A deployment that has to end with 1 and leave everything as it was."""
        before = self.state()
        told = self.deploy(*options, command=command, soak=soak)
        self.proves(told, 1, "rolled_back")
        assert because in told.end["because"], told.why
        assert not (changed := _differences(before, self.state())), f"{changed}\n{told.why}"
        self.still_good()
        return told

    def refuses(self, because: str, *options: str, command: Sequence[str] = UP) -> Told:
        """A deployment that has to end with 3 before anything is touched."""
        before = self.identities()
        told = self.deploy(*options, command=command)
        self.proves(told, 3, "refused")
        assert because in told.end["because"], told.why
        assert not told.of("go")
        assert self.identities() == before
        return told

    def proves(self, told: Told, code: int, stage: str) -> list[Any]:
        """It ended so, and the ledger says so, with its evidence; returns its rows."""
        assert told.code == code, told.why
        assert told.end["stage"] == stage, told.why
        shown = self.watch.daemon.get(f"/api/v1/deployments/{told.end['id']}").json
        assert shown["deployment"] == {name: told.end[name] for name in shown["deployment"]}
        rows = shown["timeline"]
        assert rows[-1]["sentence"] == told.end["sentence"]
        if stage != "refused":
            gates = {gate["gate"] for row in rows for gate in row["payload"].get("gates", ())}
            assert gates >= {"preflight", "baseline"}, rows
        return rows

    def state(self) -> dict[str, Any]:
        """What a rollback has to bring back: everything but IDs, times and addresses that nobody asked for."""
        engine = self.watch.engine
        containers = {name: engine.inspect(name) for name in self.identities()}
        networks = engine.api("GET", "/networks").json
        volumes = engine.api("GET", "/volumes").json["Volumes"] or ()
        return {
            "containers": {name: _shape(seen) for name, seen in containers.items()},
            "networks": {one["Name"]: (one["Labels"], one["IPAM"], one["Options"]) for one in networks},
            "volumes": {one["Name"]: one["Labels"] for one in volumes},
        }

    def bad(self) -> list[Any]:
        """What is protected and not healthy."""
        services = self.watch.daemon.status()["services"]
        return [one for one in services if one["protected"] and one["health"] != "healthy"]

    def still_good(self, *others: str) -> None:
        """After every deployment: what is protected is there once and healthy, the data is intact, Compose is content.

        `others`: names of containers beside the project's.
        """
        engine, daemon = self.watch.engine, self.watch.daemon
        assert engine.docker("exec", "shop-db-1", "cat", "/data/precious") == "precious"
        names = self.identities()
        strange = [name for name in names if not name.startswith("shop-") and name not in others]
        assert not strange, strange
        daemon.wait(lambda: daemon.protected(*self.services()), "not good")
        daemon.wait(lambda: not self.bad(), "something protected is not good")
        closed = "an incident stays open"  # on a busy machine an endpoint may be late once
        daemon.wait(lambda: all(one["closed_at"] for one in daemon.incidents()), closed)
        self.file.write_text(self.in_force)
        engine.compose(self.folder, *UP[2:])
        assert self.identities() == names, "Compose had something to do"


def _differences(before: Any, after: Any, where: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        return [one for name in old | new for one in _differences(old.get(name), new.get(name), f"{where}.{name}")]
    return [f"{where} was {before!r} and is {after!r}"] if before != after else []


def _shape(seen: Any) -> dict[str, Any]:
    config, own = seen["Config"], seen["Id"][:12]
    labels = {name: value for name, value in config["Labels"].items() if name != "com.docker.compose.replace"}
    hostname = config["Hostname"] if config["Hostname"] != own else None
    return {
        "image": seen["Image"],
        "running": seen["State"]["Running"],
        "config": {**config, "Hostname": hostname, "Labels": labels},
        "host": seen["HostConfig"],
        "mounts": sorted((one["Type"], one.get("Name", ""), one["Destination"]) for one in seen["Mounts"]),
        "networks": {
            name: (one["IPAMConfig"] or None, sorted(set(one["Aliases"] or ()) - {own}))
            for name, one in seen["NetworkSettings"]["Networks"].items()
        },
    }


def pid_environment(pid: int) -> dict[str, str]:
    """What a process was started with."""
    with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - a file of the kernel
        pairs = (entry.partition(b"=") for entry in file.read().split(b"\0") if entry)
        return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
