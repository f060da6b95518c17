from __future__ import annotations

import json
from typing import Any

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Observation, StepSeen, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep
from watchdog.policy.journeys import failing_step, filled, heard_by, not_reached
from watchdog.policy.templates import NoValue

WEBUI, API, DB = (ServiceKey("shop", name) for name in ("webui", "api", "db"))
PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


def step(name: str = "login", service: ServiceKey | None = None, **rest: Any) -> JourneyStep:
    asked: dict[str, Any] = {key: rest.pop(key) for key in list(rest) if key not in {"form", "json", "always_run"}}
    asked.setdefault("url", "/login")
    return JourneyStep(name=name, request=HttpProbe(**asked), service=service, **rest)


def journey(*steps: JourneyStep, base: str | None = "http://shop.test/app/") -> JourneyProbe:
    return JourneyProbe(steps=steps, services=(WEBUI, API, DB), base=base)


def fill(one: JourneyStep, base: str | None = "http://shop.test/app/", **values: str) -> HttpProbe:
    return filled(journey(one, base=base), one, values)


def test_a_path_is_put_behind_the_base() -> None:
    assert fill(step(url="/login")).url == "http://shop.test/app/login"
    assert fill(step(url="http://other.test/x")).url == "http://other.test/x"
    assert fill(step(url="/login"), base=None).url == "/login"


def test_a_value_within_a_url_is_encoded_and_one_that_begins_it_is_a_link() -> None:
    assert fill(step(url="/orders/{{ id }}?q={{ id }}"), id="a/b&c d").url.endswith(
        "/orders/a%2Fb%26c%20d?q=a%2Fb%26c%20d"
    )
    assert fill(step(url="{{ next }}&x={{ id }}"), next="/p?a=1", id="ä").url == "http://shop.test/app/p?a=1&x=%C3%A4"
    assert fill(step(url="{{ next }}"), next="http://a.test/").url == "http://a.test/"


def test_a_form_is_sent_as_browsers_send_it() -> None:
    asked = fill(step(form={"user": "ann", "password": "{{ pw }}"}), pw="a&b=c ä")
    assert asked.body == "user=ann&password=a%26b%3Dc+%C3%A4"
    assert asked.headers == {"Content-Type": "application/x-www-form-urlencoded"}


def test_json_is_filled_before_it_is_spelled() -> None:
    asked = fill(step(json={"key": "{{ key }}", "n": [1, None]}), key='"quoted"\n')
    assert json.loads(asked.body or "") == {"key": '"quoted"\n', "n": [1, None]}
    assert asked.headers == {"Content-Type": "application/json"}


def test_a_content_type_of_its_own_stays() -> None:
    asked = fill(step(json={}, headers={"content-type": "application/vnd.api+json"}))
    assert asked.headers == {"content-type": "application/vnd.api+json"}


def test_a_body_goes_out_as_it_is_and_headers_are_filled() -> None:
    asked = fill(step(body="x={{ a }}", headers={"X-Token": "{{ a }}"}), a="1")
    assert (asked.body, asked.headers) == ("x=1", {"X-Token": "1"})
    assert fill(step()).body is None


def test_values_in_expectations_are_plain_text() -> None:
    asked = fill(
        step(
            body_contains="Order {{ id }}",
            body_matches="^Order {{ id }}$",
            body_json=("$.id == '{{ id }}'",),
            headers_match={"X-Id": "{{ id }}"},
        ),
        id="1.'5",
    )
    assert asked.body_contains == "Order 1.'5"
    assert asked.body_matches == r"^Order 1\.'5$"
    assert asked.body_json == ("$.id == '1.5'",)
    assert asked.headers_match == {"X-Id": r"1\.'5"}


def test_a_template_without_a_value_is_told() -> None:
    with pytest.raises(NoValue):
        fill(step(headers={"X": "{{ nothing }}"}))


STEPS = journey(step("front", WEBUI), step("login", API), step("data", DB), step("bye", WEBUI, always_run=True))


def run(*verdicts: Verdict, verdict: Verdict = FAIL) -> Observation:
    steps = tuple(
        StepSeen(name=one.name, verdict=seen, reason="so", service=one.service)
        for one, seen in zip(STEPS.steps, verdicts, strict=True)
    )
    return Observation(check="office", at=1.0, verdict=verdict, reason="step x fails: so", steps=steps)


def heard(told: Observation, *, blamed: bool = False) -> list[Verdict]:
    return [heard_by(STEPS, told, key, blamed=blamed).verdict for key in (WEBUI, API, DB)]


def test_a_run_that_passes_passes_for_all_services() -> None:
    assert heard(run(PASS, PASS, PASS, PASS, verdict=PASS)) == [PASS, PASS, PASS]


def test_a_run_that_could_not_be_made_says_nothing_of_any() -> None:
    assert heard(run(PASS, UNKNOWN, UNKNOWN, PASS, verdict=UNKNOWN)) == [UNKNOWN, UNKNOWN, UNKNOWN]


def test_the_first_step_that_fails_is_its_services_failure_and_those_not_reached_are_not_judged() -> None:
    told = run(PASS, FAIL, UNKNOWN, PASS)
    assert heard(told) == [PASS, FAIL, UNKNOWN]
    assert heard_by(STEPS, told, WEBUI, blamed=False).reason == "its steps passed; step login of another failed"
    assert heard_by(STEPS, told, DB, blamed=False).reason == "its steps were not reached: step x fails: so"


def test_a_clean_up_that_fails_after_another_step_is_nobodys_failure() -> None:
    assert heard(run(PASS, FAIL, UNKNOWN, FAIL)) == [UNKNOWN, FAIL, UNKNOWN]


def test_a_clean_up_that_fails_alone_is_the_failure() -> None:
    assert heard(run(PASS, PASS, PASS, FAIL)) == [FAIL, PASS, PASS]


def test_a_service_without_a_step_of_its_own_passes_with_the_whole_only() -> None:
    other = ServiceKey("shop", "mail")
    assert heard_by(STEPS, run(PASS, PASS, PASS, PASS, verdict=PASS), other, blamed=False).verdict is PASS
    assert heard_by(STEPS, run(PASS, PASS, PASS, FAIL), other, blamed=False).verdict is UNKNOWN


def test_a_step_that_belongs_to_nobody_blames_nobody() -> None:
    probe = JourneyProbe(steps=(step("front"),), services=())
    told = Observation(
        check="j", at=1.0, verdict=FAIL, reason="so", steps=(StepSeen(name="front", verdict=FAIL, reason="so"),)
    )
    assert heard_by(probe, told, WEBUI, blamed=False).verdict is UNKNOWN


def test_a_journey_that_ended_before_its_last_steps_proves_nothing() -> None:
    told = run(PASS, FAIL, UNKNOWN, PASS)
    cut = Observation(check="office", at=1.0, verdict=FAIL, reason="so", steps=told.steps[:2])
    assert heard_by(STEPS, cut, WEBUI, blamed=False).verdict is UNKNOWN


def test_who_was_blamed_must_pass_and_who_was_not_need_not() -> None:
    told = run(PASS, FAIL, UNKNOWN, PASS)
    assert not_reached(heard_by(STEPS, told, DB, blamed=False))
    assert not not_reached(heard_by(STEPS, told, DB, blamed=True))
    assert not not_reached(heard_by(STEPS, told, API, blamed=False))
    assert not not_reached(None)


def test_the_failing_step_is_the_first() -> None:
    failed = failing_step(run(PASS, FAIL, UNKNOWN, FAIL).steps)
    assert failed is not None
    assert failed.name == "login"
    assert failing_step(run(PASS, PASS, PASS, PASS).steps) is None
