"""What an alert says, and what it advises."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.policy.samples import attempt
from watchdog.model.alerting import AlertStage
from watchdog.model.health import Cause
from watchdog.model.record import Incident, Outcome, Rung, Severity
from watchdog.policy.advice import HANDED_OVER, KNOWN, LOOK, NOTHING, WORKING, advice, anchor
from watchdog.policy.alerting import AlertMessage
from watchdog.policy.holds import About
from watchdog.policy.telling import Account, alert_of, alert_of_several, span

AT = 1_700_000_000.0
PAGES = "https://wiki.example.org/runbook"
RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)
WEBUI = About(subject="shop/webui", names=("shop/webui", "webui"), project="shop", owner="ada")
INCIDENT = Incident(
    id=7,
    subject="shop/webui",
    cause=Cause.CRASHED,
    severity=Severity.WARNING,
    summary="it exited with code 3",
    failed_at=AT - 720.0,
    detected_at=AT - 719.0,
)
ACCOUNT = Account(incident=INCIDENT, about=WEBUI, container="shop-webui-1")
WARNING = AlertMessage(
    receiver="mail", key="incident-7", stage=AlertStage.WARNING, severity=Severity.WARNING, incidents=(7,), reminder=0
)
CRITICAL = replace(WARNING, stage=AlertStage.CRITICAL, severity=Severity.CRITICAL)
CALL = replace(CRITICAL, stage=AlertStage.HANDED_OVER)
WORSE = replace(ACCOUNT, incident=replace(INCIDENT, severity=Severity.CRITICAL))


def test_every_section_that_is_advised_is_in_the_runbook() -> None:
    for known in (HANDED_OVER, WORKING, NOTHING, LOOK, *(known for _, known in KNOWN)):
        assert known.heading in HEADINGS


def test_a_heading_is_linked_as_a_forge_links_it() -> None:
    assert anchor('"DATA_GONE: volume … no longer exists"') == "data_gone-volume--no-longer-exists"


@pytest.mark.parametrize(
    ("sentence", "todo"),
    [
        ("DATA_GONE: volume data no longer exists", "Restore the volume"),
        (
            "tried start; it has writable mounts, so going back to an older deployment is a person's call",
            "--action rol",
        ),
        ("tried start; there is no other proven deployment to go back to", "Deploy a version of shop/webui"),
        ("its image shop:1 is gone from the engine", "Pull or load the image"),
        ("approval 7 to recreate shop/webui is rejected by ada: no", "Mend shop/webui by hand; or"),
        ("approval 7 to recreate shop/webui expired unanswered after 1 h", "`watchdog recover shop/webui`"),
        ("tried start, recreate", "Find out why it does not stay up (`docker logs shop-webui-1`)"),
    ],
)
def test_who_is_called_hears_why_and_what_to_do(sentence: str, todo: str) -> None:
    alert = alert_of(CALL, replace(WORSE, handed_over=sentence), AT, pages=PAGES)
    assert alert.summary == f"shop/webui: {sentence}. A person is needed."
    assert todo in alert.todo
    assert alert.runbook == f"{PAGES}#{anchor(advice(sentence, HANDED_OVER).heading)}"


def test_a_warning_says_that_nothing_is_to_be_done_yet() -> None:
    alert = alert_of(WARNING, ACCOUNT, AT, pages=PAGES)
    assert alert.summary == "shop/webui: it exited with code 3."
    assert alert.todo.startswith("Nothing yet")
    assert (alert.since, alert.owner, alert.project, alert.command) == (AT - 720.0, "ada", "shop", "watchdog show 7")


def test_what_is_critical_says_for_how_long_it_is_down_and_that_recovery_goes_on() -> None:
    alert = alert_of(CRITICAL, WORSE, AT, pages=PAGES)
    assert alert.summary == "shop/webui is down for 12 min: it exited with code 3."
    assert alert.todo.startswith("Look what recovery waits for")


def test_what_nobody_recovers_says_so() -> None:
    alert = alert_of(WARNING, replace(ACCOUNT, recovers=False), AT, pages=PAGES)
    assert alert.todo.startswith("Nothing is restarted for it: see `watchdog show 7`")


def test_a_service_may_have_a_runbook_of_its_own() -> None:
    assert alert_of(WARNING, replace(ACCOUNT, runbook="https://x/y"), AT, pages=PAGES).runbook == "https://x/y"


def test_an_end_says_how_it_ended_and_asks_for_nothing() -> None:
    over = replace(CRITICAL, stage=AlertStage.OVER)
    alert = alert_of(over, WORSE, AT, pages=PAGES, ending="good again: it runs")
    assert (alert.summary, alert.resolved) == ("resolved: good again: it runs", True)
    assert (alert.todo, alert.runbook) == ("", "")
    info = replace(over, key="info-7", severity=Severity.INFO)
    alert = alert_of(info, ACCOUNT, AT, pages=PAGES, ending="good again: it runs")
    assert (alert.summary, alert.resolved) == ("shop/webui: it exited with code 3; good again: it runs.", False)


@pytest.mark.parametrize(
    ("outcome", "by_operator", "sentence"),
    [
        (Outcome.PENDING, False, "restart at 1970-01-01T02:45:00.000Z is under way"),
        (Outcome.RECOVERED, True, "restart by a person at 1970-01-01T02:45:00.000Z brought it back"),
        (Outcome.FAILED, False, "restart at 1970-01-01T02:45:00.000Z failed: it exited with code 3"),
        (Outcome.INTERRUPTED, False, "restart at 1970-01-01T02:45:00.000Z was interrupted"),
    ],
)
def test_what_was_tried_is_told_with_its_result(outcome: Outcome, *, by_operator: bool, sentence: str) -> None:
    one = attempt(Rung.RESTART, outcome=outcome, by_operator=by_operator)
    assert alert_of(WARNING, replace(ACCOUNT, attempts=(one,)), AT, pages=PAGES).tried == (sentence,)


def test_everything_is_bounded() -> None:
    long = replace(INCIDENT, summary="x" * 10_000)
    account = replace(
        ACCOUNT,
        incident=long,
        attempts=tuple(attempt(Rung.RESTART, reason="y" * 10_000) for _ in range(100)),
        dependents=tuple(f"shop/{number}" for number in range(1000)),
        handed_over="z" * 10_000,
    )
    for message in (WARNING, CRITICAL, CALL, replace(CRITICAL, stage=AlertStage.OVER)):
        alert = alert_of(message, account, AT, pages=PAGES, ending="e" * 10_000)
        assert len(alert.summary) < 600
        assert len(alert.tried) == 10
        assert max(map(len, alert.tried)) < 600
        assert len(alert.dependents) == 21
        assert alert.dependents[-1] == "and 980 more"
    several = alert_of_several(WARNING, [account] * 1000, AT, pages=PAGES)
    assert len(several.summary) < 21 * 550
    assert several.summary.endswith(" And 980 more.")


@pytest.mark.parametrize(
    ("project", "subject", "over"), [("shop", "shop: 2 incidents", "shop: incidents"), ("", "2 incidents", "incidents")]
)
def test_several_are_told_together_and_so_is_their_end(project: str, subject: str, over: str) -> None:
    about = replace(WEBUI, project=project)
    accounts = [
        replace(ACCOUNT, about=about),
        Account(incident=replace(INCIDENT, id=8, subject="shop/api", failed_at=AT - 800.0), about=about),
    ]
    message = replace(WARNING, key="group-7", incidents=(7, 8))
    alert = alert_of_several(message, accounts, AT, pages=PAGES)
    assert (alert.subject, alert.since, alert.resolved) == (subject, AT - 800.0, False)
    assert alert.summary == "shop/webui: it exited with code 3. shop/api: it exited with code 3."
    assert alert.todo.startswith("Nothing yet")
    alert = alert_of_several(replace(message, stage=AlertStage.OVER, incidents=(8,)), accounts[1:], AT, pages=PAGES)
    assert (alert.subject, alert.resolved) == (over, True)
    assert alert.summary == "resolved: all that was told together is over."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1.0, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7199.0, "120 min"), (7200.0, "2 h"), (172800.0, "2 d")],
)
def test_spans_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert span(seconds) == text
