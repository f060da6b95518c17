"""One round: a stack is raised and protected, hurt, waited for, judged, and cleared away."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.campaign.faults import OF_NOBODY, Fault, Kind, Round
from tests.campaign.judge import Case, Judge, Verdict, expect, shortfalls
from tests.campaign.stack import Service
from tests.campaign.stage import NotInjected, Stage
from tests.campaign.witness import Happened, Witness
from tests.faults.scene import Scene

PROTECTED_WITHIN = 30.0
CONVERGED_WITHIN = 60.0
LOOK_EVERY = 0.1
FIRST_LOOKS_EVERY = 0.02
"""While it is measured how soon a fault is published."""
FIRST_LOOKS_FOR = 3.0

CONFIG = """
[watch]
interval = "1s"
[engine]
settle = "1s"
timeout = "10s"
[health]
failures = 2
retry_interval = "300ms"
soak = "300ms"
stable = "500ms"
[recovery]
absence_grace = "1s"
backoff = "300ms"
max_attempts = 6
restarts_per_minute = 1000
verify_timeout = "8s"
"""
"""Minutes become moments. More attempts than by default: some rounds hurt a service again while it recovers."""


@dataclass(slots=True)
class Times:
    """Seconds that one fault of one service took; None where it cannot be told."""

    detection: float | None = None
    """By the ledger: from the failure to the incident."""
    recovery: float | None = None
    """By the ledger: from the incident to its verified end."""
    shown: float | None = None
    """From outside: from the fault to the first status that says so."""
    back: float | None = None
    """From outside: from the fault until it ran, was healthy and served again."""


@dataclass(slots=True)
class Played:
    """What became of a round. A fault counts once for each service that it hit."""

    round: Round
    verdict: Verdict
    injected: list[Fault] = field(default_factory=list[Fault])
    detected: dict[str, bool] = field(default_factory=dict[str, bool])
    """Service that had to be brought back → whether the ledger has an incident of it."""
    recovered: dict[str, bool] = field(default_factory=dict[str, bool])
    times: dict[str, Times] = field(default_factory=dict[str, Times])
    story: list[str] = field(default_factory=list[str])
    """Of a round that failed: what the ledger and the engine tell of it, in the order in which it happened."""
    seconds: float = 0.0


class Player:
    """Plays one round on an engine and a daemon that outlive it."""

    def __init__(self, scene: Scene, witness: Witness, script: Round) -> None:
        self._scene = scene
        self._witness = witness
        self._script = script
        self._stage = Stage(scene.engine, script.stack)
        self._cases = {one.key: Case(one) for one in script.stack.services}
        self._injected_at: dict[str, float] = {}
        self._shown_at: dict[str, float] = {}
        self._began = 0.0

    def play(self) -> Played:
        started = time.monotonic()
        self._witness.forget()
        try:
            self._stage.raise_all()
            self._wait_protected()
            self._witness.ask(*self._ports())
            self._began = time.time()
            played = Played(self._script, Verdict())
            for fault in self._script.faults:
                self._watch_for(fault.after)
                self._inject(fault)
                played.injected.append(fault)
            self._finish(played)
        finally:
            self._witness.ask()
            self._clear()
        played.seconds = time.monotonic() - started
        return played

    def _ports(self) -> list[int]:
        hit = {one.key for fault in self._script.faults for one in fault.targets}
        everybody = any(fault.kind in {Kind.ENGINE_RESTART, Kind.ENGINE_KILL} for fault in self._script.faults)
        return [one.port for one in self._script.stack.services if one.port and (everybody or one.key in hit)]

    def _wait_protected(self) -> None:
        keys = list(self._cases)
        self._scene.daemon.wait(lambda: self._all_protected(keys), f"{keys} are not protected", PROTECTED_WITHIN)

    def _all_protected(self, keys: list[str]) -> bool:
        shown = self._shown()
        found = [shown.get(key) for key in keys]
        return all(one is not None and one["protected"] and one["health"] == "healthy" for one in found)

    def _shown(self) -> dict[str, Any]:
        services = self._scene.daemon.status()["services"]
        return {f"{one['project']}/{one['name']}" if one["project"] else one["name"]: one for one in services}

    # Faults

    def _inject(self, fault: Fault) -> None:
        expect(self._cases, fault)
        for target in fault.targets or (self._script.stack.services if fault.kind in OF_NOBODY else ()):
            self._injected_at.setdefault(target.key, time.time())
        self._do(fault)
        now = time.time()
        for target in fault.targets:
            if self._cases[target.key].hurt == 1:
                self._injected_at[target.key] = now

    def _do(self, fault: Fault) -> None:  # noqa: C901, PLR0912 - one case for each kind
        stage, scene = self._stage, self._scene
        match fault.kind, fault.targets:
            case Kind.CRASH, (one,):
                stage.exit(one, fault.exit_code)
            case Kind.ENDED, (one,):
                stage.exit(one, 0)
            case Kind.HOST_KILL, (one,):
                stage.host_kill(one)
            case Kind.DOCKER_KILL, (one,):
                stage.ask_running(one, "kill")
            case Kind.STOP, (one,):
                stage.ask_running(one, "stop")
            case Kind.RESTARTED, (one,):
                stage.ask_running(one, "restart")
            case ((Kind.REMOVE | Kind.REMOVE_SEVERAL), targets):
                for one in targets:
                    stage.ready(one)
                stage.remove(*targets)
            case ((Kind.UNHEALTHY | Kind.UNHEALTHY_FOR_GOOD), (one,)):
                stage.spoil(one, "tmp/good", for_good=fault.kind is Kind.UNHEALTHY_FOR_GOOD)
            case ((Kind.ENDPOINT | Kind.ENDPOINT_FOR_GOOD), (one,)):
                stage.spoil(one, "www/index.html", for_good=fault.kind is Kind.ENDPOINT_FOR_GOOD)
            case Kind.NETWORK_REMOVED, _:
                self._lose_network(fault, stage.stop)
            case Kind.NETWORK_AND_ALL, _:
                self._lose_network(fault, stage.remove)
            case Kind.PAUSE, (one,):
                stage.ask(one, "pause")
                self._watch_for(fault.lasts)
                stage.ask(one, "unpause")
            case Kind.RENAME, (one,):
                stage.rename(one, f"{one.name}-parked")
            case Kind.REPLACED, (one,):
                stage.replace(one)
            case Kind.ENGINE_RESTART, _:
                scene.engine.restart()
            case Kind.ENGINE_KILL, _:
                scene.engine.kill()
                scene.engine.start()
            case Kind.DAEMON_KILL, _:
                scene.daemon.kill()
                scene.daemon.start(wait=False)
            case Kind.DAEMON_STOP, _:
                scene.daemon.stop()
                scene.daemon.start(wait=False)
            case _:
                raise NotInjected(f"{fault.kind} cannot be done to {len(fault.targets)} services")

    def _lose_network(self, fault: Fault, take: Callable[..., None]) -> None:
        """Takes all of them, then their network; once more where one was brought back in between."""
        take(*fault.targets)
        while not self._stage.remove_network(fault.targets[0].network or ""):
            expect(self._cases, fault)
            take(*fault.targets)

    def _watch_for(self, seconds: float) -> None:
        """Lets time pass, and notes what is published meanwhile of what was hurt."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._note_shown()
            time.sleep(min(left, FIRST_LOOKS_EVERY))

    def _note_shown(self) -> None:
        waiting = [key for key in self._injected_at if key not in self._shown_at]
        if not waiting:
            return
        with suppress(OSError, http.client.HTTPException):
            shown = self._shown()
            for key in waiting:
                if key in shown and shown[key]["health"] not in {"healthy", "degraded"}:
                    self._shown_at[key] = time.time()

    # The end

    def _finish(self, played: Played) -> None:
        self._watch_for(0.0 if self._calm() else FIRST_LOOKS_FOR)
        trouble = self._wait_for(lambda: self._troubles() or self._one_poll_later())
        played.verdict = self._judge(played)
        played.verdict.missed += trouble
        for key in [key for key, case in self._cases.items() if case.hurt]:
            played.recovered[key] = not any(key in sentence for sentence in trouble)
        if not played.verdict.good:
            played.story = self._story()

    def _calm(self) -> bool:
        return all(not case.hurt or key in self._shown_at for key, case in self._cases.items())

    def _wait_for(self, troubles: Callable[[], list[str]]) -> list[str]:
        """Waits until nothing is wrong any more; what still is at the deadline."""
        deadline = time.monotonic() + CONVERGED_WITHIN
        while True:
            try:
                found = troubles()
            except (OSError, http.client.HTTPException, NotInjected) as error:
                found = [f"neither engine nor daemon can be asked: {error}"]
            if not found or time.monotonic() > deadline:
                return found
            if not self._scene.daemon.runs:
                return [f"watchdog ended with {self._scene.daemon.ended()}"]
            time.sleep(LOOK_EVERY)

    def _one_poll_later(self) -> list[str]:
        """Everything is as it must be: it must still be after watchdog has looked at everything once more."""
        before = self._scene.polls()
        self._scene.daemon.wait(lambda: self._scene.polls() > before, "no poll more")
        return self._troubles()

    def _troubles(self) -> list[str]:
        containers, shown = self._stage.containers(), self._shown()
        found: list[str] = []
        for key, case in self._cases.items():
            wrong = shortfalls(case, containers, shown.get(key))
            found += wrong or self._unlike(case.service, containers)
        return found

    def _unlike(self, service: Service, containers: list[Any]) -> list[str]:
        """What the container of a service lacks of what it had, and whether it serves."""
        return self._stage.differences(service, containers, self._cases[service.key].hands_off) + self._mute(service)

    def _mute(self, service: Service) -> list[str]:
        if service.port is None:
            return []
        with suppress(OSError, http.client.HTTPException):
            if self._scene.engine.get(service.port, timeout=1.0).body == b"ok\n":
                return []
        return [f"{service.key} does not serve"]

    def _judge(self, played: Played) -> Verdict:
        incidents = self._incidents()
        openings: dict[str, int] = {}
        for incident in incidents:
            rows = self._scene.daemon.timeline(incident["id"])
            opened = sum(row["kind"] == "incident_opened" for row in rows)
            openings[incident["subject"]] = openings.get(incident["subject"], 0) + opened
            self._measure(played, incident)
        for key in [key for key, case in self._cases.items() if case.hurt]:
            played.detected[key] = key in openings
            times = played.times.setdefault(key, Times())
            at = self._injected_at.get(key)
            if at is not None and self._cases[key].hurt == 1:
                times.shown = self._shown_at[key] - at if key in self._shown_at else None
                times.back = self._back_at(key, at)
        disagreements = len(self._scene.oracle.disagreements)
        self._scene.oracle.compare()
        verdict = Judge(self._cases, self._script.faults, self._witness, self._began).judge(incidents, openings)
        verdict.false += self._scene.oracle.disagreements[disagreements:]
        return verdict

    def _story(self) -> list[str]:
        told = [(event.at, f"engine: {event}") for event in self._witness.events if event.at >= self._began]
        rows = [row for one in self._incidents() for row in self._scene.daemon.timeline(one["id"])]
        told += [(_unix(row["at"]), f"ledger: {row['subject']} {row['kind']}: {row['sentence']}") for row in rows]
        told += [(at, f"injected: {key}") for key, at in self._injected_at.items()]
        return [f"{at - self._began:8.3f} {line}" for at, line in sorted(told)]

    def _incidents(self) -> list[Any]:
        """Those of the ledger that were opened since the first fault."""
        return [one for one in self._scene.daemon.incidents() if _unix(one["detected_at"]) >= self._began - 0.001]

    def _measure(self, played: Played, incident: Any) -> None:
        case = self._cases.get(incident["subject"])
        if case is None or case.hurt != 1:
            return
        times = played.times.setdefault(incident["subject"], Times())
        if not incident["failed_at_is_bound"]:
            times.detection = _unix(incident["detected_at"]) - _unix(incident["failed_at"])
        if incident["recovered_at"] is not None:
            times.recovery = _unix(incident["recovered_at"]) - _unix(incident["detected_at"])

    def _back_at(self, key: str, injected_at: float) -> float | None:
        """Seconds from the fault to the last of: its start, its health check's word, its first answer."""
        service = self._cases[key].service
        events = self._witness.since(self._began, key)
        moments = [_last(events, "start"), _last(events, "health_status", "healthy") if service.probed else None]
        started = moments[0]
        if service.port is not None and started is not None:
            answers = [at for at in self._witness.answers.get(service.port, []) if at >= started]
            moments.append(min(answers, default=None))
        known = [moment for moment in moments if moment is not None]
        return max(known) - injected_at if known else None

    def _clear(self) -> None:
        """Nothing of this round may reach the next one: its services are retired, then removed."""
        daemon = self._scene.daemon
        for key in self._cases:
            body = {"service": key, "reason": "the round is over", "by": "campaign"}
            with suppress(OSError, http.client.HTTPException):
                daemon.request("POST", "/api/v1/services/retire", body)
        self._stage.clear()
        daemon.wait(lambda: not set(self._cases) & set(self._shown()), "the round's services do not go", 30.0)


def _last(events: list[Happened], action: str, status: str = "") -> float | None:
    return max((event.at for event in events if event.action == action and event.status == status), default=None)


def _unix(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
