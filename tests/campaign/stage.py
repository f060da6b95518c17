"""A stack on a real engine, and what is done to it: everything by the engine's raw socket or from the host."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.campaign.stack import ROUND, SERVICE, Service, Stack
from tests.lab.engine import LabEngine
from tests.lab.sameness import differences

T = TypeVar("T")

PRECIOUS = "precious"
READY_WITHIN = 30.0
SIDE_BY_SIDE = 4
OK_OR_ABSENT = {200, 201, 204, 304, 404, 409}
"""409: a container that somebody else removes, starts or kills at this very moment."""


class NotInjected(Exception):
    """The fault could not be done: the round proves nothing."""


@dataclass(slots=True)
class Stage:
    """The containers of one stack. What is known of them is what the engine says now."""

    engine: LabEngine
    stack: Stack
    looks: dict[str, Any] = field(default_factory=dict[str, Any])
    """Service → the inspect object that its container must be the same as, whoever makes it."""
    stays: dict[str, str] = field(default_factory=dict[str, str])
    """Service → full ID of the container that it had, or was given by a person, last."""

    def raise_all(self) -> None:
        """Networks, then containers, started side by side; returns when every first process is at its place."""
        for network, labels in self.stack.networks.items():
            self._call("POST", "/networks/create", {"Name": network, "Labels": labels}, fine={201})
        self._side_by_side(self._raise_one, self.stack.services)

    def _raise_one(self, service: Service) -> None:
        self.run(service, {"VERSION": "1"})
        self.remember(service)

    def run(self, service: Service, environment: dict[str, str]) -> str:
        """`docker run --detach`; the container's full ID."""
        body = service.body(self.stack.number, environment)
        made = self._call("POST", "/containers/create", body, {"name": service.name}, fine={201})["Id"]
        self._call("POST", f"/containers/{made}/start", fine={204})
        return str(made)

    def remember(self, service: Service) -> None:
        """What its container is like from now on, with something precious in each of its volumes."""
        self.ready(service)
        container = self.container(service)
        assert container is not None
        self.stays[service.key] = container["Id"]
        self.looks[service.key] = container
        for mount in _volumes(container):
            mount.joinpath(PRECIOUS).write_text(service.key)

    def differences(self, service: Service, containers: list[Any], untouched: bool) -> list[str]:
        """What the only container of a service lacks of what it had, and whether it still is the same one."""
        (container,) = [one for one in containers if one["Config"]["Labels"][SERVICE] == service.key]
        found = [f"{service.key}: {line}" for line in differences(self.looks[service.key], container)]
        for mount in _volumes(container):
            kept = mount.joinpath(PRECIOUS)
            if not kept.is_file() or kept.read_text() != service.key:
                found.append(f"{service.key}: what was in {mount} is lost")
        if untouched and container["Id"] != self.stays[service.key]:
            found.append(f"{service.key} has another container, though nothing was wrong with it")
        return found

    def containers(self) -> list[Any]:
        """The inspect objects of all containers of this round, in whatever state and by whatever name."""
        filters = json.dumps({"label": [f"{ROUND}={self.stack.number}"]})
        lines = self._call("GET", "/containers/json", query={"all": 1, "filters": filters}, fine={200})
        answers = [self.engine.api("GET", f"/containers/{line['Id']}/json") for line in lines]
        return [answer.json for answer in answers if answer.status == 200]

    def container(self, service: Service) -> Any | None:
        """The running container of a service, else any, else None."""
        own = [one for one in self.containers() if one["Config"]["Labels"][SERVICE] == service.key]
        return max(own, key=lambda one: bool(one["State"]["Running"]), default=None)

    def ready(self, service: Service) -> Path:
        """Waits until its first process has begun to wait for orders; the root directory that this one sees."""

        def root() -> Path | None:
            container = self.container(service)
            if container is None or not container["State"]["Pid"]:
                return None
            found = Path(f"/proc/{container['State']['Pid']}/root")
            with contextlib.suppress(OSError):
                return found if stat.S_ISFIFO((found / "run/order").stat().st_mode) else None
            return None

        return _eventually(root, f"{service.key} does not run")

    # Faults

    def exit(self, service: Service, code: int) -> None:
        self._on_running(service, lambda root: _write_to_pipe(root / "run/order", f"{code}\n"))

    def host_kill(self, service: Service) -> None:
        self._on_running(service, lambda root: os.kill(int(root.parts[2]), signal.SIGKILL))

    def spoil(self, service: Service, what: str, *, for_good: bool) -> None:
        """Takes away a file of the container's: `tmp/good` or `www/index.html`. A start brings it back, mostly."""

        def take(root: Path) -> None:
            if for_good:
                (root / "tmp/stuck").touch()
            (root / what).unlink()

        self._on_running(service, take)

    def _on_running(self, service: Service, act: Callable[[Path], object]) -> None:
        """Does it to the first process as soon as there is one; again where it went away at that moment."""

        def done() -> bool:
            with contextlib.suppress(OSError):
                act(self.ready(service))
                return True
            return False

        _eventually(done, f"{service.key} does not stay up long enough")

    def ask(self, service: Service, verb: str, **query: str | int) -> None:
        """`docker kill`, `stop`, `restart`, `pause`, `unpause`, `rename`, by its name."""
        self._call("POST", f"/containers/{service.name}/{verb}", query=query, fine=OK_OR_ABSENT)

    def ask_running(self, service: Service, verb: str, **query: str | int) -> None:
        self.ready(service)
        self.ask(service, verb, **query)

    def remove(self, *services: Service) -> None:
        """`docker rm -f` of all, at once."""
        self._side_by_side(self._remove_one, services)

    def _remove_one(self, service: Service) -> None:
        self._call("DELETE", f"/containers/{service.name}", query={"force": 1}, fine=OK_OR_ABSENT)

    def stop(self, *services: Service) -> None:
        """`docker stop --time 0` of all, at once."""
        self._side_by_side(lambda service: self.ask_running(service, "stop", t=0), services)

    def rename(self, service: Service, name: str) -> None:
        self.ask(service, "rename", name=name)
        self.looks[service.key]["Name"] = f"/{name}"

    def remove_network(self, network: str) -> bool:
        """Whether nothing that runs was attached to it, so that it could be removed."""
        answer = self.engine.api("DELETE", f"/networks/{network}")
        if answer.status not in {204, 403}:
            raise NotInjected(f"network {network}: {answer.status} {answer.body.decode(errors='replace').strip()}")
        return answer.status == 204

    def replace(self, service: Service) -> None:
        """As a person does by hand: remove, and run another version under the same name."""
        self._remove_one(service)
        self.run(service, {"VERSION": "2"})
        self.remember(service)

    def clear(self) -> None:
        """Everything of this round is gone from the engine."""
        self._side_by_side(self._clear_one, [one["Id"] for one in self.containers()])
        for network in self.stack.networks:
            self._call("DELETE", f"/networks/{network}", fine=OK_OR_ABSENT)
        for service in self.stack.services:
            if service.volume:
                self._call("DELETE", f"/volumes/{service.volume}", query={"force": 1}, fine=OK_OR_ABSENT)

    def _clear_one(self, container: str) -> None:
        self._call("DELETE", f"/containers/{container}", query={"force": 1, "v": 1}, fine=OK_OR_ABSENT)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str | int] | None = None,
        *,
        fine: set[int],
    ) -> Any:
        answer = self.engine.api(method, path, body, query)
        if answer.status not in fine:
            raise NotInjected(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace').strip()}")
        return answer.json

    @staticmethod
    def _side_by_side(work: Callable[[T], None], items: Iterable[T]) -> None:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(work, items))


def _volumes(container: Any) -> list[Path]:
    return [Path(mount["Source"]) for mount in container["Mounts"] if mount["Type"] == "volume"]


def _write_to_pipe(pipe: Path, text: str) -> None:
    handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # with nobody at the other end it is refused, not waited for
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _eventually(condition: Callable[[], T | None], failure: str) -> T:
    deadline = time.monotonic() + READY_WITHIN
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise NotInjected(f"{failure} within {READY_WITHIN:g} s")
        time.sleep(0.01)
    return found
