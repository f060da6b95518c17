"""What is done to a stack, as values: which fault, to whom, when. Nothing here touches an engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.campaign.stack import Service, Stack, draw_stack


class Kind(StrEnum):
    """The faults that the campaign knows, and the things people do that are none."""

    CRASH = "crash"
    HOST_KILL = "kill -9 on the host"
    DOCKER_KILL = "docker kill"
    STOP = "docker stop"
    REMOVE = "docker rm -f"
    REMOVE_SEVERAL = "docker rm -f of several"
    UNHEALTHY = "health check fails"
    UNHEALTHY_FOR_GOOD = "health check fails until recreated"
    ENDPOINT = "endpoint fails"
    ENDPOINT_FOR_GOOD = "endpoint fails until recreated"
    NETWORK_REMOVED = "stopped, its network removed"
    NETWORK_AND_ALL = "removed with its network"
    ENGINE_RESTART = "engine restarted"
    ENGINE_KILL = "engine killed"
    DAEMON_KILL = "watchdog killed"
    DAEMON_STOP = "watchdog restarted"
    ENDED = "a one-shot exits 0"
    PAUSE = "docker pause, unpause"
    RENAME = "docker rename"
    REPLACED = "replaced by a person"
    RESTARTED = "docker restart by a person"


HARMLESS = frozenset(
    {Kind.DAEMON_KILL, Kind.DAEMON_STOP, Kind.ENDED, Kind.PAUSE, Kind.RENAME, Kind.REPLACED, Kind.RESTARTED}
)
"""Nothing is wrong with a service because of these: whoever acts on one is mistaken."""

WEIGHTS: Mapping[Kind, float] = {Kind.ENGINE_RESTART: 0.4, Kind.ENGINE_KILL: 0.4, Kind.ENDPOINT_FOR_GOOD: 0.5}
"""How often a kind is drawn beside the others' 1: the slow ones more rarely."""

Applies = Callable[[Service], bool]


def _always(_: Service) -> bool:
    return True


APPLIES: Mapping[Kind, Applies] = {
    Kind.UNHEALTHY: lambda service: service.probed,
    Kind.UNHEALTHY_FOR_GOOD: lambda service: service.probed,
    Kind.ENDPOINT: lambda service: service.port is not None,
    Kind.ENDPOINT_FOR_GOOD: lambda service: service.port is not None,
    Kind.NETWORK_REMOVED: lambda service: service.network is not None,
    Kind.NETWORK_AND_ALL: lambda service: service.network is not None,
    Kind.ENDED: lambda service: service.policy in {"no", "on-failure"} and service.port is None,
}
"""To which services a kind can be done; the others to all."""

OF_NOBODY = frozenset({Kind.ENGINE_RESTART, Kind.ENGINE_KILL, Kind.DAEMON_KILL, Kind.DAEMON_STOP})
LATER_TOO = (Kind.CRASH, Kind.HOST_KILL, Kind.DOCKER_KILL, Kind.STOP, Kind.REMOVE, Kind.DAEMON_KILL, Kind.DAEMON_STOP)
"""What may come on top of another fault, on the same service or another, while that one is being recovered."""
EXIT_CODES = (1, 2, 3, 42, 126, 127, 130, 137, 139, 143, 255)
LATEST = 2.5
"""Seconds within which a second fault follows: recoveries take about as long here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `after` seconds pass since the one before, or since everything was protected."""

    kind: Kind
    targets: tuple[Service, ...] = ()
    after: float
    exit_code: int = 0
    lasts: float = 0.0
    """Seconds, of what a person takes back."""

    def __str__(self) -> str:
        words = f"after {self.after:.2f} s: {self.kind}"
        words += f" ({self.exit_code})" if self.kind is Kind.CRASH else ""
        words += f" for {self.lasts:.2f} s" if self.lasts else ""
        return words + (f" of {', '.join(one.key for one in self.targets)}" if self.targets else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """All that is random in one round; `str` of it is the recipe."""

    seed: int
    number: int
    stack: Stack
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        lines = [f"round {self.number} of seed {self.seed}", *(f"  {one}" for one in self.stack.services)]
        return "\n".join([*lines, *(f"  {fault}" for fault in self.faults)])


def draw_round(seed: int, number: int) -> Round:
    """The round of that number: the same for the same seed, whatever was played before."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - replayable is what it must be
    stack = draw_stack(chance, number)
    first = _draw_first(chance, stack)
    faults = (first,)
    if chance.random() < 0.4:
        faults = (first, _draw_second(chance, stack, first))
    return Round(seed=seed, number=number, stack=stack, faults=faults)


def _draw_first(chance: random.Random, stack: Stack) -> Fault:
    fitting = {
        kind: [one for one in stack.services if APPLIES.get(kind, _always)(one)]
        for kind in Kind
        if kind is not Kind.REMOVE_SEVERAL or len(stack.services) > 1
    }
    kinds = [kind for kind, services in fitting.items() if services]
    (kind,) = chance.choices(kinds, [WEIGHTS.get(kind, 1.0) for kind in kinds])
    return _draw(chance, kind, fitting[kind], after=chance.uniform(0.0, 0.8))


def _draw_second(chance: random.Random, stack: Stack, first: Fault) -> Fault:
    """On the same service only what a service can meet in whatever state it is."""
    kind = chance.choice(LATER_TOO)
    hurtable = first.targets if first.kind not in HARMLESS else ()
    free = [one for one in stack.services if one not in first.targets]
    if first.kind in {Kind.ENGINE_RESTART, Kind.ENGINE_KILL}:
        free = []
    fitting = [*free, *hurtable]
    if not fitting or (kind not in OF_NOBODY and first.kind in OF_NOBODY - {Kind.DAEMON_KILL, Kind.DAEMON_STOP}):
        kind = Kind.DAEMON_KILL
    return _draw(chance, kind, fitting, after=chance.uniform(0.0, LATEST))


def _draw(chance: random.Random, kind: Kind, fitting: list[Service], *, after: float) -> Fault:
    targets: tuple[Service, ...] = ()
    match kind:
        case _ if kind in OF_NOBODY:
            pass
        case Kind.REMOVE_SEVERAL:
            targets = tuple(sorted(chance.sample(fitting, chance.randint(2, len(fitting))), key=lambda one: one.number))
        case Kind.NETWORK_REMOVED | Kind.NETWORK_AND_ALL:
            targets = tuple(fitting)
        case _:
            targets = (chance.choice(fitting),)
    return Fault(
        kind=kind,
        targets=targets,
        after=round(after, 3),
        exit_code=chance.choice(EXIT_CODES) if kind is Kind.CRASH else 0,
        lasts=round(chance.uniform(0.3, 2.0), 3) if kind is Kind.PAUSE else 0.0,
    )
