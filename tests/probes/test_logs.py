"""The log of a container: how much it complains, of what, through all that befalls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest

from tests.probes.inside import SERVICE, Stage
from tests.support.eventually import eventually
from watchdog.errors import LedgerFull
from watchdog.model.change import Change
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.inside import LogsProbe
from watchdog.probes import Prober
from watchdog.probes.follower import BACKLOG, BYTES_PER_SECOND

RATE = LogsProbe(logs="ERROR|FATAL", max_per_minute=2)
NEW = LogsProbe(logs="ERROR", new_errors=True, learn=100, new_for=600)


@dataclass(slots=True)
class Hands:
    """A clock that the test moves."""

    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass(slots=True)
class Shelf:
    """Implements `probes.kept.StateStore`."""

    kinds: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    full: bool = False
    writes: int = 0

    async def append(self, change: Change) -> None:
        if self.full:
            raise LedgerFull("the disk is full")
        for one in change.kept:
            assert one.value is not None
            self.kinds.setdefault(one.kind, {})[one.key] = one.value
            self.writes += 1

    async def kept(self, kind: str) -> Mapping[str, str]:
        return self.kinds.get(kind, {})


@dataclass(slots=True)
class Scene:
    stage: Stage
    clock: Hands
    shelf: Shelf

    async def ask(self, probe: LogsProbe = RATE) -> Observation:
        return await self.stage.ask(probe)

    def say(self, *lines: str) -> None:
        assert self.stage.container is not None
        for line in lines:
            self.clock.at += 0.001
            self.stage.engine.inside.say(self.stage.container.id, line)

    async def heard(self, probe: LogsProbe, per_minute: int) -> Observation:
        """The answer once so many lines have been counted."""

        async def counted() -> Observation | None:
            found = await self.ask(probe)
            return found if found.evidence["per_minute"] == per_minute else None

        found = await eventually(counted)
        assert found is not None
        return found

    async def restart_watchdog(self) -> None:
        await self.stage.prober.close()
        self.stage.prober = Prober(self.clock, self.stage, self.shelf)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock, shelf = Hands(), Shelf()
    stage = Stage(now=clock)
    stage.prober = Prober(clock, stage, shelf)
    await stage.run()
    yield Scene(stage, clock, shelf)
    await stage.prober.close()


async def test_lines_of_the_last_minute_count_also_those_before_the_first_question(scene: Scene) -> None:
    scene.say("ERROR 1", "fine", "FATAL 2")
    found = await scene.ask()
    assert (found.verdict, found.evidence["per_minute"]) == (Verdict.PASS, 2)
    scene.say("ERROR 3")
    found = await scene.heard(RATE, 3)
    assert (found.verdict, found.evidence["class"]) == (Verdict.FAIL, "log_rate")
    assert found.reason == (
        "the log of shop/db has 3 lines like 'ERROR|FATAL' of the last minute; at most 2 are expected; "
        "the newest: ERROR <n>"
    )
    scene.clock.at += 60
    assert (await scene.heard(RATE, 0)).verdict is Verdict.PASS


async def test_a_replaced_container_begins_anew_and_is_followed(scene: Scene) -> None:
    scene.say(*["ERROR"] * 3)
    assert (await scene.ask()).verdict is Verdict.FAIL
    scene.stage.engine.docker_rm("db")
    await scene.stage.run()
    assert (await scene.ask()).evidence["per_minute"] == 0
    scene.say("ERROR of the new one")
    await scene.heard(RATE, 1)


async def test_a_restarted_container_begins_anew(scene: Scene) -> None:
    scene.say(*["ERROR"] * 3)
    assert (await scene.ask()).verdict is Verdict.FAIL
    assert scene.stage.container is not None
    scene.clock.at += 1
    scene.stage.engine.docker_stop("db")
    scene.stage.engine.docker_start("db")
    await scene.stage.look(scene.stage.container.id)
    scene.say("ERROR after the restart")
    await scene.heard(RATE, 1)


async def test_an_engine_that_comes_back_is_asked_for_what_was_missed(scene: Scene) -> None:
    await scene.ask()
    assert scene.stage.container is not None
    scene.say("ERROR before")
    await scene.heard(RATE, 1)
    scene.stage.engine.inside.end(scene.stage.container.id)  # the connection breaks
    scene.stage.engine.go_away("no engine")
    scene.say("ERROR meanwhile")
    found = await eventually(lambda: _unknown(scene))
    assert found == "no engine"
    scene.stage.engine.come_back()
    await scene.heard(RATE, 2)


async def _unknown(scene: Scene) -> str:
    found = await scene.ask()
    return found.reason if found.verdict is Verdict.UNKNOWN else ""


async def test_a_container_that_writes_without_end_is_read_in_part_and_that_is_said(scene: Scene) -> None:
    await scene.ask()
    assert scene.stage.container is not None
    readers = scene.stage.engine.inside.readers(scene.stage.container.id)
    await eventually(lambda: readers)
    scene.say(*["ERROR " + "x" * 4000] * (BYTES_PER_SECOND // 4000 + BACKLOG))
    found = await eventually(lambda: _at_least(scene))
    assert found is not None
    lines = found.evidence["per_minute"]
    assert isinstance(lines, int)
    assert 0 < lines * 4000 <= 2 * BYTES_PER_SECOND


async def _at_least(scene: Scene) -> Observation | None:
    found = await scene.ask()
    return found if "at least" in found.reason else None


async def learned(scene: Scene, *lines: str) -> None:
    scene.say(*lines)
    found = await scene.heard(NEW, len(lines))
    assert found.verdict is Verdict.PASS
    assert found.reason.endswith("what is usual there is being learned")
    scene.clock.at += 100


async def test_an_error_that_was_never_seen_is_a_failure_for_its_time(scene: Scene) -> None:
    await learned(scene, "ERROR user 1 not found")
    scene.say("ERROR user 2 not found")
    found = await scene.heard(NEW, 1)
    assert (found.verdict, found.reason.rpartition(", ")[2]) == (Verdict.PASS, "none of a new kind")
    scene.say("ERROR disk 3 is gone", "ERROR disk 4 is gone", "ERROR no route")
    found = await scene.heard(NEW, 4)
    assert (found.verdict, found.evidence) == (
        Verdict.FAIL,
        {"class": "new_error", "per_minute": 4, "kinds": 3, "new": 2},
    )
    assert found.reason == (
        "the log of shop/db tells of an error never seen before (and 1 more): ERROR disk <n> is gone"
    )
    scene.clock.at += 601
    assert (await scene.ask(NEW)).verdict is Verdict.PASS
    scene.say("ERROR disk 5 is gone")
    assert (await scene.heard(NEW, 1)).verdict is Verdict.PASS


async def test_a_new_error_is_over_with_a_new_container_unless_it_comes_again(scene: Scene) -> None:
    await learned(scene)
    scene.say("ERROR disk is gone")
    assert (await scene.heard(NEW, 1)).verdict is Verdict.FAIL
    scene.stage.engine.docker_rm("db")
    await scene.stage.run()
    assert (await scene.ask(NEW)).verdict is Verdict.PASS
    scene.say("ERROR disk is gone")
    assert (await scene.heard(NEW, 1)).verdict is Verdict.FAIL


async def test_what_was_learned_outlives_the_daemon(scene: Scene) -> None:
    await learned(scene, "ERROR usual")
    await scene.restart_watchdog()
    scene.say("ERROR usual")
    assert (await scene.heard(NEW, 1)).verdict is Verdict.PASS
    scene.say("ERROR unheard of")
    assert (await scene.heard(NEW, 2)).verdict is Verdict.FAIL
    writes = scene.shelf.writes
    await scene.ask(NEW)
    assert scene.shelf.writes == writes


async def test_nothing_of_a_log_is_kept_in_clear(scene: Scene) -> None:
    await learned(scene, "ERROR the-secret")
    await scene.ask(NEW)
    assert "the-secret" not in str(scene.shelf.kinds)


async def test_a_ledger_that_cannot_be_written_costs_nothing_but_memory(scene: Scene) -> None:
    scene.shelf.full = True
    await learned(scene, "ERROR usual")
    scene.shelf.full = False
    await scene.ask(NEW)
    assert scene.shelf.writes == 1


async def test_what_is_kept_and_cannot_be_read_is_learned_anew(scene: Scene) -> None:
    await learned(scene, "ERROR usual")
    await scene.restart_watchdog()
    (kept,) = scene.shelf.kinds.values()
    kept.update(dict.fromkeys(kept, "{"))
    found = await scene.ask(NEW)
    assert found.reason.endswith("what is usual there is being learned")


async def test_a_check_that_is_forgotten_follows_nothing(scene: Scene) -> None:
    await scene.ask()
    assert scene.stage.container is not None
    readers = scene.stage.engine.inside.readers(scene.stage.container.id)
    await eventually(lambda: readers)
    scene.stage.prober.forget(Check(name="inside", probe=RATE, service=SERVICE))
    await eventually(lambda: not readers)


async def test_a_check_that_is_forgotten_while_it_is_asked_follows_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Check(name="inside", probe=NEW, service=SERVICE)
    kept = Shelf.kept

    async def forgotten_meanwhile(shelf: Shelf, kind: str) -> Mapping[str, str]:
        scene.stage.prober.forget(check)
        await asyncio.sleep(0)
        return await kept(shelf, kind)

    monkeypatch.setattr(Shelf, "kept", forgotten_meanwhile)
    assert (await scene.ask(NEW)).verdict is Verdict.PASS
    assert scene.stage.container is not None
    assert not scene.stage.engine.inside.readers(scene.stage.container.id)


async def test_two_questions_at_once_follow_once(scene: Scene) -> None:
    await asyncio.gather(scene.ask(), scene.ask(), scene.ask())
    scene.say("ERROR")
    await scene.heard(RATE, 1)


async def test_a_container_that_does_not_run_is_not_judged_by_its_log(scene: Scene) -> None:
    assert scene.stage.container is not None
    scene.stage.engine.docker_stop("db")
    await scene.stage.look(scene.stage.container.id)
    assert (await scene.ask()).verdict is Verdict.UNKNOWN
