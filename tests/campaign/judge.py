"""The oracle of a round: what may and what must become of each service, and whether it did; no product code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.campaign.faults import Fault, Kind
from tests.campaign.stack import SERVICE, Service
from tests.campaign.witness import Happened, Witness

DOING = {"create", "start", "restart", "stop", "kill", "destroy", "rename", "update", "pause", "unpause"}
"""Events that only come because somebody asked the engine for something."""


@dataclass(slots=True)
class Case:
    """One service in one round. A service that nothing was done to keeps the zeros."""

    service: Service
    hurt: int = 0
    """Faults that it must be brought back from."""
    starts: int = 0
    """The most starts of its containers, by whomever, that are no second recovery of one fault."""
    told: bool = False
    """Whether it was bad for a moment at least, so that an incident is no lie."""
    asked: tuple[str, ...] = ()
    """What people did to its containers, as the engine's events call it."""
    hands_off: bool = True
    """Whether every act on it that is not a person's is a mistake."""
    healths: frozenset[str] = frozenset({"healthy"})
    """What it must be in the end."""
    restart_is_vain: bool = False
    """Only a recreation mends it. A restart that a death of watchdog's interrupted says nothing, and is done again."""
    recovers_by_itself: bool = False
    """Docker's restart policy is enough, so nobody else need notice."""

    def bad(self, *, starts: int, asked: Iterable[str] = (), docker: bool = False) -> None:
        """A fault hurts it. `docker`: Docker's own policy brings it back."""
        again = self.hurt > 0
        self.recovers_by_itself = docker and (self.recovers_by_itself or not again)
        self.hurt += 1
        self.starts += starts + again  # the attempt that the second fault came into has failed
        self.told = True
        self.hands_off = False
        self.asked += tuple(asked)

    def touched(self, *asked: str, starts: int = 0, told: bool = False) -> None:
        """A person did something to it that is no fault."""
        self.asked += asked
        self.starts += starts
        self.told = self.told or told


def expect(cases: dict[str, Case], fault: Fault) -> None:  # noqa: C901, PLR0912 - one case for each kind
    """What a fault does to the services, by what the documentation promises."""
    targets = [cases[one.key] for one in fault.targets]
    for case in targets:
        match fault.kind:
            case Kind.CRASH:
                case.bad(starts=1, docker=case.service.docker_restarts(fault.exit_code))
            case Kind.HOST_KILL:
                case.bad(starts=1, docker=case.service.docker_restarts(137))
            case Kind.DOCKER_KILL:
                case.bad(starts=1, asked=["kill"])
            case Kind.STOP | Kind.NETWORK_REMOVED:
                case.bad(starts=1, asked=["kill", "stop"])
            case Kind.REMOVE | Kind.REMOVE_SEVERAL | Kind.NETWORK_AND_ALL:
                case.bad(starts=1, asked=["kill", "destroy"])
            case Kind.UNHEALTHY | Kind.ENDPOINT:
                case.bad(starts=1)
            case Kind.UNHEALTHY_FOR_GOOD | Kind.ENDPOINT_FOR_GOOD:
                case.bad(starts=2)
                case.restart_is_vain = True
            case Kind.ENDED:
                case.healths = frozenset({"done"})
            case Kind.PAUSE:
                case.touched("pause", "unpause")
            case Kind.RENAME:
                case.touched("rename")
            case Kind.RESTARTED:
                case.touched("kill", "stop", "start", "restart", starts=1, told=True)
            case Kind.REPLACED:
                case.touched("kill", "destroy", "create", "start", starts=1, told=True)
            case _:
                pass
    if fault.kind in {Kind.ENGINE_RESTART, Kind.ENGINE_KILL}:
        for case in cases.values():
            case.bad(starts=2, asked=DOING, docker=True)
    if fault.kind in {Kind.DAEMON_KILL, Kind.DAEMON_STOP}:
        for case in cases.values():
            case.starts += case.restart_is_vain


@dataclass(slots=True)
class Verdict:
    """What went wrong, in sentences; three empty lists are what a round must end with."""

    missed: list[str] = field(default_factory=list[str])
    false: list[str] = field(default_factory=list[str])
    twice: list[str] = field(default_factory=list[str])

    @property
    def good(self) -> bool:
        return not (self.missed or self.false or self.twice)

    @property
    def sentences(self) -> list[str]:
        told = (("missed", self.missed), ("false", self.false), ("twice", self.twice))
        return [f"{word}: {sentence}" for word, sentences in told for sentence in sentences]


@dataclass(slots=True)
class Judge:
    """Judges what the witness saw and the ledger tells since `began` (Unix seconds, before the first fault)."""

    cases: dict[str, Case]
    faults: tuple[Fault, ...]
    witness: Witness
    began: float

    def judge(self, incidents: list[Any], openings: dict[str, int]) -> Verdict:
        """`incidents` of the ledger since then; `openings`: service → how often one was opened or taken up again."""
        verdict = Verdict(twice=list(self.witness.overlaps))
        for key, case in self.cases.items():
            events = self.witness.since(self.began, key)
            self._count_starts(verdict, case, events)
            self._look_for_deeds(verdict, case, events)
            self._look_at_incidents(verdict, case, openings.get(key, 0))
        self._look_at_order(verdict)
        by_engine = any(fault.kind in {Kind.ENGINE_RESTART, Kind.ENGINE_KILL} for fault in self.faults)
        for incident in incidents:
            subject = incident["subject"]
            if subject not in self.cases and not (subject == "engine" and by_engine):
                verdict.false.append(f"incident {incident['id']} of {subject}: {incident['summary']}")
        return verdict

    def _count_starts(self, verdict: Verdict, case: Case, events: list[Happened]) -> None:
        starts = [event for event in events if event.action == "start"]
        if case.starts and len(starts) > case.starts:
            told = "; ".join(map(str, starts))
            verdict.twice.append(f"{case.service.key} was started {len(starts)} times, at most {case.starts}: {told}")

    def _look_for_deeds(self, verdict: Verdict, case: Case, events: list[Happened]) -> None:
        """Deeds that no person did, on a service that nothing was wrong with."""
        if not case.hands_off:
            return
        left = list(case.asked)
        for event in events:
            if event.action in left:
                if event.action != "kill":  # TERM, then KILL: one stop
                    left.remove(event.action)
            elif event.action in DOING:
                verdict.false.append(f"{case.service.key} was fine, yet: {event}")

    def _look_at_incidents(self, verdict: Verdict, case: Case, opened: int) -> None:
        key = case.service.key
        if opened and not case.told:
            verdict.false.append(f"{key} was fine, yet an incident was opened")
        elif opened > max(1, case.hurt):
            verdict.false.append(f"{opened} incidents of {key} were opened, {case.hurt} faults were injected")
        if not opened and case.hurt and not case.recovers_by_itself:
            verdict.missed.append(f"no incident of {key} was opened")

    def _look_at_order(self, verdict: Verdict) -> None:
        """What was gone before anybody acted comes back roots first."""
        for case in self.cases.values():
            mine = self._came_back(case)
            for root in (self.cases[key] for key in self.cases if _needs(case.service, self.cases[key].service)):
                its = self._came_back(root)
                if mine and its and its[0] < mine[1] < its[1]:
                    sentence = f"{case.service.key} was started before {root.service.key}, which it needs"
                    verdict.false.append(sentence)

    def _came_back(self, case: Case) -> tuple[float, float] | None:
        """When the only container of a removed service was destroyed, and when another one was started."""
        events = self.witness.since(self.began, case.service.key)
        destroyed = [event.at for event in events if event.action == "destroy"]
        started = [event.at for event in events if event.action == "start"]
        if case.hurt != 1 or case.recovers_by_itself or not len(destroyed) == len(started) == 1:
            return None
        return (destroyed[0], started[0]) if destroyed[0] < started[0] else None


def _needs(service: Service, root: Service) -> bool:
    return bool({root.short, root.name} & set(service.needs)) and service is not root


def shortfalls(case: Case, containers: list[Any], shown: Any | None) -> list[str]:
    """Why a service is not (yet) what it must be: its containers by the engine, and what is published of it."""
    own = [one for one in containers if one["Config"]["Labels"][SERVICE] == case.service.key]
    key = case.service.key
    if len(own) != 1:
        return [f"{key} has {len(own)} containers: {', '.join(one['Name'] for one in own) or 'none'}"]
    trouble: list[str] = []
    state = own[0]["State"]
    if state["Running"] is not ("healthy" in case.healths) or state["Paused"]:
        trouble.append(f"{key} is {state['Status']} (exit code {state['ExitCode']})")
    if ".watchdog-" in own[0]["Name"]:
        trouble.append(f"{key} is left over as {own[0]['Name']}")
    if shown is None:
        return [*trouble, f"{key} is not shown"]
    if shown["health"] not in case.healths:
        trouble.append(f"{key} is called {shown['health']}, {'; '.join(sorted(case.healths))} is due")
    elif shown["container"] is not None and shown["container"]["id"] != own[0]["Id"]:
        trouble.append(f"{key} is shown with another container than it has")
    if shown["incident"] is not None:
        trouble.append(f"incident {shown['incident']} of {key} is still open")
    return trouble
