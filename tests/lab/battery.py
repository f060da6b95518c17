"""Equal services side by side, each with all that a recovery may lose: volumes, networks, addresses, a policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tests.lab.engine import BASE_IMAGE, LabEngine

T = TypeVar("T")

LABEL = "lab.service"
FRONT, BACK = "front", "back"
SIDE_BY_SIDE = 4
SERVES = 'trap "exit 0" TERM; httpd -p 80 -h /www; sleep 1000000 & wait'
"""As well-behaved programs do it: told to end, it ends at once with 0."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be the same after a recovery, as the raw engine tells it."""

    name: str
    image: str
    running: bool
    policy: Mapping[str, Any]
    mounts: tuple[tuple[str, str, str], ...]
    """Volume, destination, and the mark that was left in it."""
    networks: Mapping[str, tuple[str, tuple[str, ...]]]
    """Network → configured address and aliases."""


@dataclass(slots=True)
class Battery:
    """Makes them, looks at them, and says how they are asked."""

    engine: LabEngine
    names: tuple[str, ...]
    policy: str = "always"

    def prepare(self) -> None:
        """The networks; once."""
        self.engine.docker("network", "create", "--subnet", "10.77.0.0/16", FRONT)
        self.engine.docker("network", "create", BACK)

    def run(self) -> None:
        """One container each."""
        self.each(self.run_one)

    def each(self, work: Callable[[str], T], names: Iterable[str] | None = None) -> dict[str, T]:
        """The same for all of them, or some, a few at a time."""
        chosen = self.names if names is None else tuple(names)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return dict(zip(chosen, pool.map(work, chosen), strict=True))

    def address(self, name: str) -> str:
        return f"10.77.1.{self.names.index(name) + 1}"

    def endpoints(self) -> str:
        """Configuration: each is asked over its own address, with time enough for a machine that has much to do."""
        lines = [
            f'[[endpoint]]\nname = "{name}"\nservice = "{name}"\nurl = "http://{self.address(name)}/"\n'
            'interval = "3s"\ntimeout = "3s"\n'
            for name in self.names
        ]
        return "".join(lines)

    def containers(self) -> dict[str, list[Any]]:
        """Service → the engine's list lines of all its containers, in whatever state and under whatever name."""
        found: dict[str, list[Any]] = {name: [] for name in self.names}
        for line in self.engine.containers():
            found[line["Labels"][LABEL]].append(line)
        return found

    def running(self) -> dict[str, list[str]]:
        """Service → full IDs of its containers that run."""
        found = self.containers()
        return {name: [line["Id"] for line in found[name] if line["State"] == "running"] for name in self.names}

    def condition(self, container: str) -> Condition:
        found = self.engine.inspect(container)
        return Condition(
            name=found["Name"].removeprefix("/"),
            image=found["Image"],
            running=found["State"]["Running"],
            policy=found["HostConfig"]["RestartPolicy"],
            mounts=tuple(sorted(_mount(mount) for mount in found["Mounts"])),
            networks={
                name: _endpoint(found["Id"], endpoint)
                for name, endpoint in found["NetworkSettings"]["Networks"].items()
            },
        )

    def run_one(self, name: str, command: str = SERVES) -> None:
        """With a mark in each of its volumes."""
        settings: dict[str, Any] = {
            "Image": BASE_IMAGE,
            "Cmd": ["sh", "-c", command],
            "Labels": {LABEL: name},
            "StopTimeout": 2,
            "Volumes": {"/anonymous": {}},
            "HostConfig": {
                "Binds": [f"{name}-data:/data"],
                "RestartPolicy": {"Name": self.policy},
                "NetworkMode": FRONT,
            },
            "NetworkingConfig": {"EndpointsConfig": {FRONT: {"IPAMConfig": {"IPv4Address": self.address(name)}}}},
        }
        made = self._post("/containers/create", settings, name=name).json["Id"]
        self._post(f"/networks/{BACK}/connect", {"Container": made, "EndpointConfig": {"Aliases": [f"{name}-back"]}})
        self._post(f"/containers/{made}/start", {})
        for mount in self.engine.inspect(made)["Mounts"]:
            (Path(mount["Source"]) / "mark").write_text(f"{name} {mount['Destination']}")

    def _post(self, path: str, body: Mapping[str, Any], **query: str) -> Any:
        answer = self.engine.api("POST", path, body, query)
        assert answer.status < 400, (path, answer.status, answer.body)
        return answer

    def remove(self, name: str) -> None:
        """As a person does: by name and by force, volumes left alone."""
        self.engine.api("DELETE", f"/containers/{quote(name)}", query={"force": 1})

    def exec(self, name: str, *command: str) -> None:
        """Inside of it, without waiting for its end."""
        made = self._post(f"/containers/{quote(name)}/exec", {"Cmd": list(command)}).json["Id"]
        self._post(f"/exec/{made}/start", {"Detach": True})


def overlaps(events: Iterable[str], at_first: Mapping[str, Iterable[str]]) -> list[str]:
    """Services of which two containers ran at the same time, by the engine's own start and die events as JSON.

    `at_first`: the containers of each that ran before the first event.
    """
    running = {service: set(containers) for service, containers in at_first.items()}
    trouble: list[str] = []
    for line in events:
        event = json.loads(line)
        service = event["Actor"]["Attributes"].get(LABEL, "")
        up = running.setdefault(service, set())
        if event["Action"] == "start":
            up.add(event["Actor"]["ID"])
        else:
            up.discard(event["Actor"]["ID"])
        if len(up) > 1:
            trouble.append(f"{service}: {sorted(one[:12] for one in up)} run side by side")
    return trouble


def _mount(mount: Mapping[str, Any]) -> tuple[str, str, str]:
    mark = Path(mount["Source"]) / "mark"
    return mount["Name"], mount["Destination"], mark.read_text() if mark.exists() else "no mark"


def _endpoint(container: str, endpoint: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    aliases = sorted(alias for alias in endpoint["Aliases"] or () if alias != container[:12])
    asked: Mapping[str, str] = endpoint["IPAMConfig"] or {}
    return asked.get("IPv4Address", ""), tuple(aliases)
