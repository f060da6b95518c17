"""What an earlier daemon was killed in the middle of: resolved before anything is judged."""

from __future__ import annotations

from watchdog.daemon.journal import Journal
from watchdog.daemon.world import World
from watchdog.engine.protocol import Summary
from watchdog.errors import EngineRefused
from watchdog.model.container import RestartPolicy
from watchdog.model.plan import RemoveContainer, RenameContainer, SetRestartPolicy, Step, StopContainer
from watchdog.model.record import EntryKind
from watchdog.policy.discovery import OwnName, key_of, read_own_name

STOP_TIMEOUT = 10.0


async def resolve_leftovers(world: World, journal: Journal) -> None:
    """A successor that never took its place is removed; what was set aside goes back unless a successor is there.

    A predecessor beside its successor stays stopped, with its restart policy off, until the successor is good.
    """
    summaries = await world.engine.list_containers()
    names = {summary.name for summary in summaries}
    for summary in summaries:
        own = read_own_name(summary.name)
        if own is None:
            continue
        key = key_of(own.original, summary.labels)
        steps: list[Step]
        if own.successor:
            steps = [StopContainer(summary.id, STOP_TIMEOUT), RemoveContainer(summary.id)]
            sentence = f"removes {summary.name}, which an interrupted recovery made and never used"
        elif own.original in names:
            world.asides[key] = summary.id
            steps = [StopContainer(summary.id, STOP_TIMEOUT), SetRestartPolicy(summary.id, RestartPolicy.NO.value)]
            sentence = f"keeps {summary.name} stopped until its successor is good"
        else:
            steps = _put_back(world, summary, own)
            sentence = f"puts {summary.name} back as {own.original}: the recovery that set it aside was interrupted"
        await _carry_out(world, journal, str(key), sentence, steps)


def _put_back(world: World, summary: Summary, own: OwnName) -> list[Step]:
    policy = (RestartPolicy.NO.value, 0)
    for row in world.interrupted:
        if row.entry.payload.get("container") == summary.id:
            policy = (str(row.entry.payload["restart_policy"]), int(row.entry.payload["restart_retries"]))
    world.ours.hold(summary.id)
    return [RenameContainer(summary.id, own.original), SetRestartPolicy(summary.id, *policy)]


async def _carry_out(world: World, journal: Journal, subject: str, sentence: str, steps: list[Step]) -> None:
    await journal.write(journal.entry(EntryKind.DECISION, subject, sentence))
    for step in steps:
        try:
            await world.engine.execute(step)
        except EngineRefused as error:
            await journal.write(journal.entry(EntryKind.DECISION, subject, f"{step}: {error}"))
