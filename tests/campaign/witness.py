"""Who sees everything from outside: the engine's events on its raw socket, and plain HTTP. It believes nobody."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.campaign.stack import SERVICE
from tests.lab.engine import LabEngine

HEARD = ("create", "start", "restart", "stop", "kill", "die", "destroy", "rename", "update", "pause", "unpause", "oom")
ASK_EVERY = 0.025
"""Seconds between two questions to a port that is watched."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a container, by the engine's own clock (Unix seconds)."""

    at: float
    action: str
    service: str
    container: str
    name: str
    status: str = ""
    """Of a health check's verdict."""

    def __str__(self) -> str:
        return f"{self.action}{self.status and f' ({self.status})'} {self.name} {self.container[:12]}"


@dataclass(slots=True)
class Witness:
    """Follows one engine over its restarts. Read by another thread: lists only grow."""

    engine: LabEngine
    events: list[Happened] = field(default_factory=list[Happened])
    overlaps: list[str] = field(default_factory=list[str])
    """Each time when two containers of one service ran."""
    answers: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    """Published port → when the requests were sent that were answered well."""
    asked: set[int] = field(default_factory=set[int])
    _running: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _ended: threading.Event = field(default_factory=threading.Event)

    def ask(self, *ports: int) -> None:
        """Asks these ports from now on, without end, and no others."""
        self.answers = {port: [] for port in ports}
        self.asked = set(ports)

    def since(self, moment: float, service: str) -> list[Happened]:
        return [event for event in self.events if event.at >= moment and event.service == service]

    def forget(self) -> None:
        """What happened in rounds that are over."""
        self.events = []
        self.overlaps = []

    def follow(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
                self._follow_once()
            self._ended.wait(0.02)

    def _follow_once(self) -> None:
        filters = {"type": ["container"], "event": [*HEARD, "health_status"]}
        with contextlib.closing(http.client.HTTPConnection("localhost")) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.engine.socket_path))
            connection.request("GET", f"/events?{urlencode({'filters': json.dumps(filters)})}")
            response = connection.getresponse()
            self._take_stock()
            while line := response.readline():
                if self._ended.is_set():
                    return
                self._hear(json.loads(line))

    def _take_stock(self) -> None:
        """What runs as the stream begins: what happened before is not told any more."""
        self._running = {}
        for line in self.engine.containers(running=True):
            self._runs(line["Labels"].get(SERVICE, ""), line["Id"], time.time())

    def _hear(self, event: Any) -> None:
        attributes: dict[str, str] = event["Actor"]["Attributes"]
        action, _, status = str(event["Action"]).partition(": ")
        service, container, at = attributes.get(SERVICE, ""), event["Actor"]["ID"], event["timeNano"] / 1e9
        self.events.append(Happened(at, action, service, container, attributes["name"], status))
        if action == "start":
            self._runs(service, container, at)
        elif action in {"die", "destroy"}:
            self._running.get(service, set()).discard(container)

    def _runs(self, service: str, container: str, at: float) -> None:
        running = self._running.setdefault(service, set())
        running.add(container)
        if service and len(running) > 1:
            names = ", ".join(sorted(one[:12] for one in running))
            self.overlaps.append(f"{at:.3f}: {len(running)} containers of {service} run at once: {names}")

    def poll(self) -> None:
        while not self._ended.is_set():
            for port in tuple(self.asked):
                sent = time.time()
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if self.engine.get(port, timeout=1.0).body == b"ok\n":
                        self.answers.setdefault(port, []).append(sent)
            self._ended.wait(ASK_EVERY)

    def end(self) -> None:
        self._ended.set()


@contextmanager
def witness_of(engine: LabEngine) -> Generator[Witness]:
    """A witness that has begun to look; it looks away when the block ends."""
    witness = Witness(engine)
    for work in (witness.follow, witness.poll):
        threading.Thread(target=work, daemon=True).start()
    try:
        yield witness
    finally:
        witness.end()
