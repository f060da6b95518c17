"""What the container uses: of its limits now, and of all there is if it goes on like this."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from watchdog.errors import OutOfReach
from watchdog.model.container import Container
from watchdog.model.inside import Disk, Usage
from watchdog.model.observation import Check
from watchdog.model.probe.inside import ResourcesProbe
from watchdog.policy.trend import exhausted_in
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.containers import Containers, Inside, engine_answers, name_of, running
from watchdog.probes.context import ProberContext

SAMPLES: Final = 240
"""Of one trend, spread over the time for which it is asked."""
BRIEFEST: Final = 1.0
"""Seconds over which CPU time says something."""
MEGABYTE: Final = 1 << 20
Wrong = tuple[FailureKind, str]


@dataclass(slots=True)
class Trend:
    """The amounts that were used, evenly spread; at least `every` seconds lie between two of them."""

    every: float
    samples: deque[tuple[float, float]] = field(default_factory=lambda: deque[tuple[float, float]](maxlen=SAMPLES))

    def add(self, at: float, used: float) -> None:
        if not self.samples or at - self.samples[-1][0] >= self.every:
            self.samples.append((at, used))


@dataclass(slots=True)
class ResourceHistory:
    """What was seen of one check so far."""

    every: float
    """Seconds between two samples of a trend."""
    container: Container | None = None
    usage: Usage | None = None
    memory: Trend = field(init=False)
    disks: dict[str, Trend] = field(default_factory=dict[str, Trend])
    restarts: list[float] = field(default_factory=list[float])
    """When they were seen (Unix seconds)."""

    def __post_init__(self) -> None:
        self.memory = Trend(self.every)

    def meet(self, container: Container, at: float, window: float) -> None:
        """A container that replaces another one is no restart."""
        before, self.container = self.container, container
        if before is not None and before.id == container.id:
            count = max(container.restart_count - before.restart_count, container.started_at != before.started_at)
            self.restarts += [at] * count
        self.restarts = [one for one in self.restarts if at - one < window]
        if before is None or (before.id, before.started_at) != (container.id, container.started_at):
            self.usage, self.memory = None, Trend(self.every)

    def cpu_share(self, usage: Usage, container: Container) -> float | None:
        """Of what it may use, since the last question; None where that is not known."""
        before = self.usage
        if before is not None and usage.at - before.at < BRIEFEST:
            return None
        self.usage = usage
        if before is None:
            return None
        most = container.cpu_limit or usage.cpus
        return max(0.0, usage.cpu_seconds - before.cpu_seconds) / (usage.at - before.at) / most


def make(context: ProberContext) -> ResourcesProber:
    return ResourcesProber(context.containers)


class ResourcesProber:
    """One call for the usage of a container, and one look at each disk, a question."""

    def __init__(self, containers: Containers | None) -> None:
        self._containers = containers
        self._remembered: dict[tuple[str, str], ResourceHistory] = {}

    async def __call__(self, ask: Ask[ResourcesProbe]) -> str:
        inside = running(ask, self._containers)
        probe = ask.probe
        ask.enter(ProbePhase.ENGINE)
        known = self._remembered.setdefault(
            name_of(ask.check), ResourceHistory((probe.exhausts_within or 0.0) / SAMPLES)
        )
        with engine_answers():
            usage = await inside.engine.usage(inside.id)
            known.meet(inside.container, ask.at, probe.restart_window)
            cpu = known.cpu_share(usage, inside.container)
            known.memory.add(usage.at, usage.memory)
        disks, unseen = await self._disks(ask, inside, known)
        _show(ask, usage, cpu, known, disks)
        wrong = [*_too_much(ask, usage, cpu, known, disks), *_soon(ask, usage, known, disks)]
        if wrong:
            raise ProbeFailure(wrong[0][0], f"{inside.service}: {'; '.join(sentence for _, sentence in wrong)}")
        if unseen and probe.min_free_disk is not None:
            raise ProbeFailure(FailureKind.ENGINE, unseen)
        return f"{inside.service} uses {_of(usage.memory, usage.memory_limit)} of memory" + (
            f" and {cpu:.0%} of its CPU" if cpu is not None else ""
        )

    def forget(self, check: Check) -> None:
        self._remembered.pop(name_of(check), None)

    async def _disks(
        self, ask: Ask[ResourcesProbe], inside: Inside, known: ResourceHistory
    ) -> tuple[tuple[Disk, ...], str]:
        """Those that are asked for, and why they cannot be seen."""
        if ask.probe.min_free_disk is None and ask.probe.exhausts_within is None:
            return (), ""
        try:
            with engine_answers():
                disks = await inside.engine.disks(inside.container.writes_to)
        except ProbeFailure as failure:
            if not isinstance(failure.__cause__, OutOfReach):
                raise
            return (), str(failure)
        for disk in disks:
            known.disks.setdefault(disk.path, Trend(known.every)).add(ask.at, disk.size - disk.free)
        return disks, ""


def _show(
    ask: Ask[ResourcesProbe], usage: Usage, cpu: float | None, known: ResourceHistory, disks: tuple[Disk, ...]
) -> None:
    ask.evidence |= {
        "memory_bytes": usage.memory,
        "memory_limit_bytes": usage.memory_limit,
        "cpu_seconds": round(usage.cpu_seconds, 3),
        "restarts": len(known.restarts),
    }
    if cpu is not None:
        ask.evidence["cpu_share"] = round(cpu, 4)
    for disk in disks:
        ask.evidence[f"free_bytes {disk.path}"] = disk.free


def _too_much(
    ask: Ask[ResourcesProbe], usage: Usage, cpu: float | None, known: ResourceHistory, disks: tuple[Disk, ...]
) -> Iterator[Wrong]:
    most = ask.probe
    if most.max_memory is not None and usage.memory > most.max_memory * usage.memory_limit:
        uses = f"it uses {_of(usage.memory, usage.memory_limit)} of memory"
        yield FailureKind.MEMORY, f"{uses}; at most {most.max_memory:.0%} are expected"
    if most.max_cpu is not None and cpu is not None and cpu > most.max_cpu:
        yield FailureKind.CPU, f"it uses {cpu:.0%} of its CPU; at most {most.max_cpu:.0%} are expected"
    if most.max_restarts is not None and len(known.restarts) > most.max_restarts:
        window = f"within {most.restart_window:g} s; at most {most.max_restarts} are expected"
        yield FailureKind.RESTARTS, f"its container was restarted {len(known.restarts)} times {window}"
    for disk in disks:
        if most.min_free_disk is not None and disk.free < most.min_free_disk * disk.size:
            free = f"the disk of {disk.path} has {_of(disk.free, disk.size)} free"
            yield FailureKind.DISK, f"{free}; at least {most.min_free_disk:.0%} are expected"


def _soon(ask: Ask[ResourcesProbe], usage: Usage, known: ResourceHistory, disks: tuple[Disk, ...]) -> Iterator[Wrong]:
    """What will be used up within the time that was asked for."""
    within = ask.probe.exhausts_within
    if within is None:
        return
    trends = [("its memory", known.memory, usage.memory_limit)]
    trends += [(f"the disk of {disk.path}", known.disks[disk.path], disk.size) for disk in disks]
    for what, trend, size in trends:
        left = exhausted_in(trend.samples, size, within)
        if left is not None:
            yield FailureKind.EXHAUSTION, f"{what} is used up in {_hours(left)} if it goes on like this"


def _of(amount: int, whole: int) -> str:
    share = amount / whole if whole else 0.0
    return f"{amount // MEGABYTE} MiB of {whole // MEGABYTE} ({share:.0%})"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - an hour
