"""What a fault is injected into: an engine, a daemon that watches it, an oracle that believes neither."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.lab.engine import LabEngine
from tests.lab.oracle import Oracle
from tests.lab.watch import LabDaemon

_POLLS = re.compile(r"^watchdog_polls_total (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Scene:
    """Reads through doors that users have, and through the engine's own socket."""

    engine: LabEngine
    daemon: LabDaemon
    oracle: Oracle
    _judged: bool = field(default=False)

    def start(self, *services: str, config: str | None = None, more: str = "") -> None:
        """Starts the daemon with a configuration of its own, or the quick one and `more`; waits for protection."""
        self.daemon.config = (self.daemon.config if config is None else config) + more
        self.daemon.start()
        if services:
            self.daemon.wait_protected(*services)
        self.oracle.compare()

    @contextmanager
    def held(self) -> Generator[None]:
        """The daemon learns of what happens in the block after it, at once."""
        os.kill(self.daemon.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.daemon.pid, signal.SIGCONT)

    def service(self, name: str) -> Any:
        return self.daemon.service(name)

    def health(self, name: str) -> str | None:
        found = self.daemon.service(name)
        return found["health"] if found is not None else None

    def intents(self, subject: str | None = None) -> list[Any]:
        """All intents of the ledger, or those of one service, oldest first: an action without one would be a crime."""
        return [row for row in self.daemon.rows("intent") if subject in {None, row["subject"]}]

    def incidents(self, subject: str) -> list[Any]:
        return [incident for incident in self.daemon.incidents() if incident["subject"] == subject]

    def wait_incident(self, subject: str) -> Any:
        """The only incident of a service, once it has one."""
        found = self.daemon.wait(lambda: self.incidents(subject), f"no incident of {subject}")
        assert len(found) == 1, found
        return found[0]

    def wait_recovered(self, subject: str) -> Any:
        """The only incident of a service, once it is closed by a verified recovery."""

        def closed() -> list[Any]:
            return [one for one in self.incidents(subject) if one["recovered_at"] is not None]

        self.daemon.wait(closed, f"{subject} is not recovered", 30.0)
        found = self.incidents(subject)
        assert len(found) == 1, found
        self.oracle.compare()
        return found[0]

    def sentences(self, incident: Any, kind: str) -> list[str]:
        """What the ledger says in an incident's rows of a kind."""
        return [row["sentence"] for row in self.daemon.timeline(incident["id"]) if row["kind"] == kind]

    def polls(self) -> float:
        found = _POLLS.search(self.daemon.metrics())
        return float(found[1]) if found else 0.0

    def two_polls(self) -> None:
        """Until the daemon has looked at everything twice more: what it has not done by then it does not mean to do."""
        before = self.polls()
        self.daemon.wait(lambda: self.polls() >= before + 2, "no two polls more", 30.0)

    def moment(self) -> str:
        """Now by the engine's clock, as `events` and `happened` want it: Unix seconds with nanoseconds."""
        now: str = self.engine.api("GET", "/info").json["SystemTime"]
        second = datetime.fromisoformat(f"{now[:19]}+00:00")
        return f"{second.timestamp():.0f}.{now[20:].rstrip('Z'):<09}"

    def happened(self, since: str) -> list[str]:
        """What befell containers since then, as `action name`; probes (exec) aside."""
        told = [f"{event['Action']} {event['Actor']['Attributes']['name']}" for event in self.told(since)]
        return [one for one in told if not one.startswith("exec_")]

    def events(self, container: str, *actions: str, since: str = "0") -> list[str]:
        """The actions that the engine itself reports of a container (its ring holds the last 256 of all)."""
        return [event["Action"] for event in self.told(since, container=[container], event=list(actions))]

    def told(self, since: str, **filters: list[str]) -> list[Any]:
        """The container events of the engine since then, as it spells them."""
        wanted = json.dumps({**filters, "type": ["container"]})
        answer = self.engine.api("GET", "/events", query={"since": since, "until": self.moment(), "filters": wanted})
        assert answer.status == 200, answer.body
        return [json.loads(line) for line in answer.body.splitlines()]

    def containers(self) -> list[str]:
        """Full IDs of all containers, in whatever state."""
        return [line["Id"] for line in self.engine.containers()]

    def gone(self, container: str) -> bool:
        return self.engine.api("GET", f"/containers/{quote(container)}/json").status == 404

    def verdict(self) -> None:
        """The oracle's last word, once."""
        if not self._judged:
            self._judged = True
            self.oracle.verdict()
