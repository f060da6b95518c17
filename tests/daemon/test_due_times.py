"""When checks are asked: spread after a start, at steady slots from then on, and what was missed is counted."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.api.measures import Measures
from watchdog.daemon.asker import FIRST_PER_SECOND, OTHERS_AT_ONCE, Asker
from watchdog.daemon.clock import Clock
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.inside import CommandProbe
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.probe.network import TcpProbe

START = 1000.0

Play = Callable[[VirtualLoop, Asker], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Timed:
    """Answers after so many seconds, and remembers when it was asked; some answers may be a FAIL."""

    seconds: float = 0.0
    waits: float = 0.0
    fails_first: bool = False
    failing: Collection[str] = ()
    slow: Mapping[str, float] = field(default_factory=dict[str, float])
    asked: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    at_once: int = 0
    most_at_once: int = 0

    async def ask(self, check: Check) -> Observation:
        now = asyncio.get_running_loop().time() - START
        self.asked.append((check.name, now))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.slow.get(check.name, self.seconds))
        self.at_once -= 1
        fails = check.name in self.failing or (self.fails_first and len(self.asked) == 1)
        verdict = Verdict.FAIL if fails else Verdict.PASS
        return Observation(check=check.name, at=now, verdict=verdict, reason="as told", waited=self.waits)

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""

    def times(self, name: str) -> list[float]:
        return [at for asked, at in self.asked if asked == name]


def checks(count: int, interval: float = 60.0, retry: float = 5.0) -> list[Check]:
    return [
        Check(name=f"c{number}", probe=TcpProbe(tcp="db:5432"), interval=interval, retry_interval=retry)
        for number in range(count)
    ]


def hear(check: Check, observation: Observation, _: int) -> float:
    return check.interval if observation.verdict is Verdict.PASS else check.retry_interval


def played(prober: Timed, wanted: Sequence[Check], play: Play) -> tuple[Asker, Measures]:
    """What the asker did in virtual time while `play` ran; every check has an owner of its own."""

    async def scenario(loop: VirtualLoop) -> tuple[Asker, Measures]:
        measures = Measures()
        asker = Asker(prober, Clock(loop.time, loop.time), measures)
        for check in wanted:
            asker.set_checks(check.name, (check,), hear, lambda: 0)
        running = asyncio.create_task(asker.run())
        await play(loop, asker)
        running.cancel()
        return asker, measures

    return run_virtually(scenario)


def for_seconds(seconds: float) -> Play:
    async def play(_: VirtualLoop, __: Asker) -> None:
        await asyncio.sleep(seconds)

    return play


def test_a_few_checks_are_asked_at_once_and_many_are_no_burst() -> None:
    few = Timed()
    played(few, checks(20), for_seconds(1.0))
    assert {name for name, _ in few.asked} == {check.name for check in checks(20)}
    many = Timed()
    played(many, checks(10_000), for_seconds(59.0))
    first = dict(reversed(many.asked))
    assert len(first) == 10_000
    for second, count in Counter(int(at) for at in first.values()).items():
        assert count <= 2 * FIRST_PER_SECOND, second


def test_once_all_were_asked_every_second_has_its_share() -> None:
    prober = Timed()
    played(prober, checks(6_000), for_seconds(300.0))
    later = Counter(int(at) for _, at in prober.asked if at >= 120.0)
    assert len(later) == 180
    assert max(later.values()) <= 2 * 6_000 / 60
    assert sum(later.values()) == pytest.approx(3 * 6_000, abs=100)


def test_a_check_keeps_its_slots_however_long_its_answers_take() -> None:
    prober = Timed(seconds=7.0)
    played(prober, checks(1), for_seconds(600.0))
    times = prober.times("c0")
    gaps = [after - before for before, after in itertools.pairwise(times[1:])]
    assert len(gaps) >= 8
    assert gaps == pytest.approx([60.0] * len(gaps))


def test_a_check_in_doubt_is_asked_after_its_retry_interval_and_then_in_its_slots() -> None:
    prober = Timed(fails_first=True)
    played(prober, checks(1), for_seconds(300.0))
    first, second, third, fourth, *_ = prober.times("c0")
    assert second - first == pytest.approx(5.0)
    assert third - second <= 60.0
    assert fourth - third == pytest.approx(60.0)


def test_what_passes_while_nothing_can_run_is_missed_and_counted() -> None:
    prober = Timed()

    async def play(loop: VirtualLoop, _: Asker) -> None:
        await asyncio.sleep(61.0)
        loop.jump(180.0)
        await asyncio.sleep(1.0)

    _, measures = played(prober, checks(1), play)
    assert measures.checks_missed in {2, 3}  # by where its slots lie
    _, undisturbed = played(Timed(), checks(1), for_seconds(600.0))
    assert undisturbed.checks_missed == 0


def test_the_lag_counts_the_wait_for_a_place() -> None:
    _, measures = played(Timed(waits=0.75), checks(1), for_seconds(0.5))
    assert measures.check_start_lag.total == pytest.approx(0.75)
    _, punctual = played(Timed(), checks(10), for_seconds(300.0))
    assert punctual.check_start_lag.total == pytest.approx(0.0, abs=1e-6)


def asked_out_of_turn(prober: Timed, wanted: Sequence[Check], doubted: str, needed: Collection[str] = ()) -> float:
    """Asks the others, and how many seconds that took; `prober.asked` has only what was asked meanwhile."""
    took = 0.0

    async def play(loop: VirtualLoop, asker: Asker) -> None:
        nonlocal took
        await asyncio.sleep(10.0)
        prober.asked.clear()
        prober.most_at_once = 0
        began = loop.time()
        await asker.ask_others({doubted}, needed)
        took = loop.time() - began

    played(prober, wanted, play)
    return took


def test_an_observer_that_may_be_blind_asks_all_others_a_few_at_a_time() -> None:
    wanted = checks(100, interval=3600.0, retry=3600.0)
    prober = Timed(seconds=1.0, failing={check.name for check in wanted})
    asked_out_of_turn(prober, wanted, doubted="c0")
    assert {name for name, _ in prober.asked} == {check.name for check in wanted[1:]}
    assert prober.most_at_once <= OTHERS_AT_ONCE + 1  # one may be due by itself meanwhile


def test_one_other_that_passes_shows_that_the_observer_sees_and_no_more_are_asked_for_that() -> None:
    prober, wanted = Timed(seconds=1.0, slow={"c1": 30.0}), checks(1_000, interval=3600.0)
    assert asked_out_of_turn(prober, wanted, doubted="c0") == pytest.approx(1.0)
    assert len(prober.asked) <= 2 * OTHERS_AT_ONCE


def test_what_a_doubted_one_needs_is_asked_to_the_last_whoever_passes() -> None:
    prober, wanted = Timed(seconds=1.0, slow={"c7": 30.0}), checks(100, interval=3600.0)
    needed = {f"c{number}" for number in range(5, 65)}
    assert asked_out_of_turn(prober, wanted, doubted="c0", needed=needed) >= 30.0
    assert needed <= {name for name, _ in prober.asked}


def test_a_journey_is_the_last_to_be_asked_whether_the_observer_sees() -> None:
    login = Check(name="login", probe=JourneyProbe(steps=()), interval=3600.0)
    prober, wanted = Timed(seconds=1.0), [login, *checks(100, interval=3600.0)]
    asked_out_of_turn(prober, wanted, doubted="c0")
    assert "login" not in {name for name, _ in prober.asked}


def test_only_what_may_show_that_the_observer_is_blind_is_asked_out_of_turn() -> None:
    prober = Timed()
    page, command = (
        Check(name="page", probe=TcpProbe(tcp="h:1")),
        Check(name="command", probe=CommandProbe(command=("true",))),
    )

    async def play(_: VirtualLoop, asker: Asker) -> None:
        await asyncio.sleep(10.0)
        prober.asked.clear()
        await asker.ask_others((), {"page", "command"})

    played(prober, (page, command), play)
    assert [name for name, _ in prober.asked] == ["page"]


def test_what_was_dropped_is_not_asked_again_and_what_stays_keeps_its_time() -> None:
    prober = Timed()
    one, other = checks(2)

    async def play(_: VirtualLoop, asker: Asker) -> None:
        await asyncio.sleep(1.0)
        asker.drop(one.name)
        asker.set_checks(other.name, (other,), hear, lambda: 0)
        await asyncio.sleep(120.0)

    played(prober, (one, other), play)
    assert len(prober.times(one.name)) == 1
    assert len(prober.times(other.name)) == 3
