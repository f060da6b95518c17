from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model.observation import Observation, Scalar, Verdict
from watchdog.policy.certificates import OVER_ITS_TIME, failing_over, presented, told_with
from watchdog.policy.streak import Standing, Streak
from watchdog.probes.ask import FailureKind


def streak(verdict: Verdict, evidence: dict[str, Scalar], standing: Standing = Standing.FAILING) -> Streak:
    last = Observation(check="tls", at=0.0, verdict=verdict, reason="so", evidence=evidence)
    return Streak(standing=standing, last=last, last_fail=last if verdict is Verdict.FAIL else None)


@pytest.mark.parametrize("kind", sorted(OVER_ITS_TIME))
def test_a_check_that_fails_over_a_certificates_time_says_which_it_is(kind: str) -> None:
    found = streak(Verdict.FAIL, {"class": kind, "certificate": "aa"})
    assert failing_over(found) == "aa"
    assert failing_over(streak(Verdict.FAIL, {"class": kind})) == ""
    assert failing_over(streak(Verdict.FAIL, {"class": kind, "certificate": "aa"}, Standing.DOUBTED)) == ""


def test_whoever_passes_or_fails_over_something_else_fails_over_no_certificate() -> None:
    assert failing_over(Streak()) == ""
    good = streak(Verdict.PASS, {"certificate": "aa"}, Standing.PASSING)
    assert failing_over(good) == ""
    wrong = streak(Verdict.FAIL, {"class": "tls_wrong_host", "certificate": "aa"})
    assert failing_over(wrong) == ""


def test_what_was_presented_is_known_whatever_came_of_it() -> None:
    wrong = Observation(check="tls", at=0.0, verdict=Verdict.FAIL, reason="so", evidence={"certificate": "aa"})
    assert presented(wrong) == "aa"
    assert presented(replace(wrong, evidence={"certificate": None})) == ""


def test_others_who_present_it_are_named_in_order_and_not_without_end() -> None:
    assert told_with("it ends", []) == "it ends"
    assert told_with("it ends", ["b", "a"]) == "it ends; the same certificate is presented to a, b"
    many = told_with("it ends", {f"n{number:02}" for number in range(12)})
    assert many.endswith("n09 and 2 more")


def test_every_class_is_one_that_the_probes_know() -> None:
    assert {trouble.value for trouble in FailureKind} >= OVER_ITS_TIME
