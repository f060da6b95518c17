"""What a person does in an office: log in, open Documents, open Calendar, still logged in; sessions in a real Redis."""

from __future__ import annotations

from dataclasses import replace

from tests.probes.journey.conftest import Running
from tests.support.office import PASSWORD
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyProbe
from watchdog.probes import Prober


async def test_a_person_logs_in_and_stays_logged_in(prober: Prober, office: Running, office_journey: Check) -> None:
    seen = await prober.ask(office_journey)
    assert seen.verdict is Verdict.PASS, seen
    assert [(step.name, step.verdict) for step in seen.steps] == [
        (name, Verdict.PASS) for name in ("form", "login", "documents", "letter", "calendar", "logout")
    ]
    assert seen.reason.startswith("6 steps passed in ")
    assert office.office.asked == [
        "GET /login",
        "POST /login",
        "GET /documents",
        "GET /documents",
        "GET /api/me",
        "GET /calendar",
        "POST /logout",
        "GET /",
    ]


async def test_a_session_store_that_is_emptied_on_the_way_fails_the_very_step_and_no_front_page_would_have_told(
    prober: Prober, office: Running, office_journey: Check
) -> None:
    async def forget_between(request: str) -> None:
        if request == "GET /api/me":
            await office.empty_the_session_store()

    office.office.after = forget_between
    front = Check(name="front", probe=HttpProbe(url=f"{office.base}/"))
    seen = await prober.ask(office_journey)
    assert (await prober.ask(front)).verdict is Verdict.PASS
    assert seen.verdict is Verdict.FAIL
    assert seen.evidence["step"] == "calendar"
    assert seen.reason.startswith("step calendar fails: the body of ")
    assert seen.reason.endswith(r" bytes has nothing like 'Calendar of \\w+', redirected to /login")
    assert [step.verdict.value for step in seen.steps] == ["pass", "pass", "pass", "pass", "fail", "pass"]
    assert [exchange.status for exchange in seen.steps[4].exchanges] == [302, 200]


async def test_a_secret_is_nowhere_in_what_is_told(prober: Prober, office_journey: Check) -> None:
    """Though the page that refuses the password shows it."""
    probe = office_journey.probe
    assert isinstance(probe, JourneyProbe)
    wrong = replace(probe, secrets={"password": "näh wrong/pass&word"})
    seen = await prober.ask(replace(office_journey, probe=wrong))
    assert seen.evidence["step"] == "login"
    told = repr(seen)
    for secret in ("näh wrong", "n%C3%A4h", "wrong/pass", "pass&amp;word", "pass%26word", PASSWORD):
        assert secret not in told
    login = seen.steps[1].exchanges[0]
    assert "ann / *** is wrong" in login.answer
    assert "user=ann&password=***&csrf=***" in login.body
    assert login.sent["Cookie"] == "sid=***"
