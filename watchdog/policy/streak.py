"""Thresholds both ways: what a row of observations of one check amounts to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from watchdog.model.observation import Check, Observation, Verdict


class Standing(StrEnum):
    """Where a check stands."""

    NEW = "new"
    """Nothing known yet."""
    PASSING = "passing"
    DOUBTED = "doubted"
    """Passed before and fails now, below its threshold."""
    FAILING = "failing"


TRANSITIONS: dict[tuple[Standing, Verdict], tuple[Standing, Standing]] = {
    # (standing, verdict): (below the threshold, at the threshold)
    (Standing.NEW, Verdict.PASS): (Standing.NEW, Standing.PASSING),
    (Standing.NEW, Verdict.FAIL): (Standing.NEW, Standing.FAILING),
    (Standing.PASSING, Verdict.PASS): (Standing.PASSING, Standing.PASSING),
    (Standing.PASSING, Verdict.FAIL): (Standing.DOUBTED, Standing.FAILING),
    (Standing.DOUBTED, Verdict.PASS): (Standing.PASSING, Standing.PASSING),
    (Standing.DOUBTED, Verdict.FAIL): (Standing.DOUBTED, Standing.FAILING),
    (Standing.FAILING, Verdict.PASS): (Standing.FAILING, Standing.PASSING),
    (Standing.FAILING, Verdict.FAIL): (Standing.FAILING, Standing.FAILING),
}


@dataclass(frozen=True, slots=True)
class Streak:
    """`length` equal verdicts in a row, the last of them `last`; UNKNOWN ones count for nothing."""

    standing: Standing = Standing.NEW
    verdict: Verdict = Verdict.UNKNOWN
    length: int = 0
    last: Observation | None = None
    last_fail: Observation | None = None
    last_pass_at: float | None = None

    @property
    def ever_passed(self) -> bool:
        return self.last_pass_at is not None


def follow(streak: Streak, observation: Observation, check: Check) -> Streak:
    """The streak after one more observation."""
    if observation.verdict is Verdict.UNKNOWN:
        return replace(streak, last=observation)
    length = streak.length + 1 if observation.verdict is streak.verdict else 1
    threshold = check.successes if observation.verdict is Verdict.PASS else check.failures
    below, reached = TRANSITIONS[streak.standing, observation.verdict]
    passed = observation.verdict is Verdict.PASS
    return Streak(
        standing=reached if length >= threshold else below,
        verdict=observation.verdict,
        length=length,
        last=observation,
        last_fail=streak.last_fail if passed else observation,
        last_pass_at=observation.at if passed else streak.last_pass_at,
    )


def without_failures(streak: Streak) -> Streak:
    """The streak as if nothing that it holds against the check had been seen: it must fail, or pass, anew."""
    if not in_doubt(streak):
        return streak
    return replace(streak, standing=Standing.NEW, verdict=Verdict.UNKNOWN, length=0, last_fail=None)


def in_doubt(streak: Streak) -> bool:
    """Whether the next question is due after the check's retry interval instead of its interval."""
    if streak.standing is not Standing.PASSING:
        return True
    return streak.last is not None and streak.last.verdict is not Verdict.PASS
