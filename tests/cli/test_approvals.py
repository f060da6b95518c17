"""`approvals`, `approve` and `reject`."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.scripted_daemon import Script
from tests.support.value_daemon import APPROVAL, USED


def test_what_waits_is_printed_with_its_plan_its_evidence_and_what_to_type(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/approvals"] = (200, {"approvals": [APPROVAL]})
    assert run("approvals").out.splitlines() == [
        "approval 2 waits until 2023-11-14T23:13:20.000Z (`watchdog show 7`):",
        "  recreate shop/db: it has no container; attempt 1 of 3",
        "    1. create shop-db-1.watchdog-new-1a2b",
        "  seen: it has no container",
        "  seen: check port: refused",
        "  `watchdog approve 2` or `watchdog reject 2 --reason …`",
    ]
    assert daemon.asked[-1][0] == "/api/v1/approvals?all=false"
    assert json.loads(run("approvals", "--json").out) == [APPROVAL]


def test_those_that_have_ended_say_how(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/approvals"] = (200, {"approvals": [USED]})
    lines = run("approvals", "--all").out.splitlines()
    assert lines[0] == "approval 1 by ada is used"
    assert not any("watchdog approve" in line for line in lines)
    assert daemon.asked[-1][0] == "/api/v1/approvals?all=true"
    daemon.answers["/api/v1/approvals"] = (200, {"approvals": []})
    assert run("approvals").out == "Nothing waits for approval.\n"
    assert run("approvals", "--all").out == "Nothing was ever asked for.\n"


def test_a_decision_is_given_to_the_daemon_by_name_and_its_sentence_printed(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/approvals/2/approve"] = (200, {"sentence": "Given."})
    daemon.answers["/api/v1/approvals/2/reject"] = (200, {"sentence": "Refused."})
    assert run("approve", "2").out == "Given.\n"
    assert daemon.asked[-1] == ("/api/v1/approvals/2/approve", {"reason": "", "by": "ada"})
    assert run("approve", "2", "--reason", "checked").code == 0
    assert daemon.asked[-1] == ("/api/v1/approvals/2/approve", {"reason": "checked", "by": "ada"})
    assert run("reject", "2", "--reason", "backup first").out == "Refused.\n"
    assert daemon.asked[-1] == ("/api/v1/approvals/2/reject", {"reason": "backup first", "by": "ada"})


def test_a_number_that_is_wrong_or_used_is_one_sentence_and_64(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/approvals/3/approve"] = (404, {"error": "There is no approval 3.", "exit_code": 64})
    ended = run("approve", "3")
    assert (ended.code, ended.out) == (64, "")
    assert ended.err == "There is no approval 3.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("approve",),
        ("approve", "two"),
        ("approve", "0"),
        ("reject", "2"),
        ("reject", "2", "--reason", " "),
    ],
)
def test_a_decision_needs_a_number_and_a_rejection_a_reason(
    run: Run, daemon: Script, arguments: tuple[str, ...]
) -> None:
    ended = run(*arguments)
    assert ended.code == 64
    assert "Traceback" not in ended.err
    assert daemon.asked == []


@pytest.mark.parametrize("arguments", [("approvals",), ("approve", "2"), ("reject", "2", "--reason", "no")])
def test_without_a_daemon_nothing_waits(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 3
    assert "No daemon answers" in ended.err
