"""`silence`, `unsilence` and `silences`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Run, Twin
from tests.cli.scripted_daemon import Script
from watchdog.api.doors import Target

SILENCE = {"what": "shop/webui", "until": "2023-11-14T23:13:20.000Z", "reason": "known", "by": "ada"}
ENDS = ("--for", "2h", "--reason", "known")


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (
            ("silence", "shop/webui", *ENDS),
            "/api/v1/silences",
            {"name": "shop/webui", "project": None, "everything": False, "seconds": 7200, "reason": "known"},
        ),
        (
            ("silence", "--project", "shop", *ENDS),
            "/api/v1/silences",
            {"name": None, "project": "shop", "everything": False, "seconds": 7200, "reason": "known"},
        ),
        (("unsilence", "--all"), "/api/v1/silences/end", {"name": None, "project": None, "everything": True}),
    ],
)
def test_the_daemon_is_asked_and_its_sentence_printed(
    run: Run, daemon: Script, arguments: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    daemon.answers[path] = (200, {"sentence": "Done."})
    ended = run(*arguments)
    assert (ended.code, ended.out) == (0, "Done.\n")
    assert daemon.asked[-1] == (path, {**body, "by": "ada"})


def test_without_a_daemon_the_silence_is_recorded_all_the_same(run: Run, twin: Twin) -> None:
    assert run("silence", "--all", *ENDS).out == "It is silenced.\n"
    assert run("unsilence", "engine").out == "The silence is ended.\n"
    assert twin.asked == [
        ("silence", Target(everything=True), 7200.0, "known", "ada"),
        ("unsilence", Target(name="engine"), "ada"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("silence", *ENDS),
        ("silence", "webui", "--all", *ENDS),
        ("silence", "webui", "--project", "shop", *ENDS),
        ("silence", "webui", "--for", "2h"),
        ("silence", "webui", "--reason", "x"),
        ("silence", "webui", "--for", "0s", "--reason", "x"),
        ("silence", "webui", "--for", "2h", "--reason", " "),
        ("unsilence",),
        ("unsilence", "webui", "--all"),
    ],
)
def test_a_silence_needs_one_target_an_end_and_a_reason(run: Run, twin: Twin, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 64
    assert "Traceback" not in ended.err
    assert twin.asked == []


def test_silences_are_listed(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/silences"] = (200, {"silences": [SILENCE]})
    assert "shop/webui" in run("silences").out
    assert "known" in run("silences").out
    assert json.loads(run("silences", "--json").out) == [SILENCE]
    daemon.answers["/api/v1/silences"] = (200, {"silences": []})
    assert run("silences").out == "Nothing is silenced.\n"


def test_without_a_daemon_they_cannot_be_listed(run: Run) -> None:
    ended = run("silences")
    assert ended.code == 3
    assert "No daemon answers" in ended.err
