"""How a deployment goes on, whom it touches, whom it loses, and how its command is shown."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.deployment import Before, Scope, Stage
from watchdog.model.identity import ServiceKey
from watchdog.policy.deployment import (
    MASK,
    TRANSITIONS,
    Present,
    Turn,
    advance,
    lost,
    mermaid,
    several,
    shown_command,
    touched,
)
from watchdog.policy.phases import IllegalTransition

DOCUMENT = Path(__file__).parents[2] / "docs" / "deployments.md"
WEB, WEB2, DB = ServiceKey("shop", "web"), ServiceKey("shop", "web", 2), ServiceKey("shop", "db")
SHOP = Scope(projects=("shop",))
BEFORE = Before(
    service=WEB,
    container="a" * 64,
    container_name="shop-web-1",
    spec_id="s",
    image_id="i",
    config_hash="c",
    ran=True,
    protected=True,
    good=True,
)
THERE = Present(id="a" * 64, name="shop-web-1", service=WEB, running=True)


def rule(stage: Stage, turn: Turn) -> Stage | None:
    """Where a turn must lead, said once per turn."""
    forward = [Stage.OPENING, Stage.CHANGING, Stage.VALIDATING, Stage.SOAKING, Stage.COMMITTED]
    match turn:
        case Turn.PASSED if stage is Stage.ROLLING_BACK:
            return Stage.ROLLED_BACK
        case Turn.PASSED:
            return forward[forward.index(stage) + 1] if stage in forward[:-1] else None
        case Turn.FAILED if stage is Stage.OPENING:
            return Stage.REFUSED  # nothing was touched
        case Turn.FAILED if stage is Stage.ROLLING_BACK:
            return Stage.STUCK  # a rollback is never rolled back
        case Turn.FAILED:
            return Stage.ROLLING_BACK if stage in forward[1:-1] else None
        case Turn.RETRIED:
            return Stage.ROLLING_BACK if stage is Stage.STUCK else None
        case Turn.RELEASED:
            return Stage.RELEASED if stage is Stage.STUCK else None


@pytest.mark.parametrize(("stage", "turn"), list(itertools.product(Stage, Turn)))
def test_every_turn_in_every_stage_leads_where_its_rule_says_or_is_refused(stage: Stage, turn: Turn) -> None:
    expected = rule(stage, turn)
    assert TRANSITIONS.get((stage, turn)) is expected
    if expected is not None:
        assert advance(stage, turn) is expected
        return
    with pytest.raises(IllegalTransition, match=f"^{turn} cannot happen while {stage}$"):
        advance(stage, turn)


def test_what_is_over_goes_on_nowhere() -> None:
    assert not {stage for stage, _ in TRANSITIONS if stage.over}


def test_the_picture_in_the_document_is_that_of_the_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in DOCUMENT.read_text(encoding="utf-8")


def test_nothing_is_touched_where_all_is_as_it_was() -> None:
    assert touched([BEFORE], [THERE], SHOP) == {}


@pytest.mark.parametrize(
    ("before", "present", "what"),
    [
        (BEFORE, (), "was removed"),
        (BEFORE, (replace(THERE, running=False),), "was stopped"),
        (replace(BEFORE, ran=False), (THERE,), "was started"),
        (BEFORE, (replace(THERE, name="shop-web-1-old"),), "was renamed to shop-web-1-old"),
        (BEFORE, (THERE, Present(id="b" * 64, name="x_shop-web-1", service=WEB, running=False)), "was created"),
    ],
)
def test_a_service_is_touched_by_whatever_befalls_its_containers(
    before: Before, present: tuple[Present, ...], what: str
) -> None:
    (sentence,) = touched([before], present, SHOP).values()
    assert sentence.endswith(what)


def test_a_new_service_of_the_scope_is_touched_and_one_outside_is_not() -> None:
    new = Present(id="b" * 64, name="n", service=DB, running=True)
    assert list(touched([BEFORE], [THERE, new], SHOP)) == [DB]
    assert touched([BEFORE], [THERE, replace(new, service=ServiceKey("blog", "db"))], SHOP) == {}


def test_containers_of_a_scaled_service_count_as_one() -> None:
    assert several([WEB, WEB2, DB]) == 2


def test_what_is_gone_is_lost_unless_it_was_retired_or_another_container_of_it_stands() -> None:
    two = replace(BEFORE, service=WEB2)
    db = replace(BEFORE, service=DB)
    assert lost([BEFORE, two, db], [WEB, WEB2, DB], []) == ((), ())
    assert lost([BEFORE, two, db], [WEB, DB], []) == ((), (WEB2,))
    assert lost([BEFORE, two, db], [DB], []) == ((WEB, WEB2), ())
    assert lost([BEFORE, two, db], [DB], [WEB]) == ((), ())
    assert lost([replace(BEFORE, protected=False)], [], []) == ((), ())


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("docker", "compose", "up", "-d"), ("docker", "compose", "up", "-d")),
        (("env", "DB_PASSWORD=hunter2", "./go"), ("env", f"DB_PASSWORD={MASK}", "./go")),
        (("run", "--token", "abc", "web"), ("run", "--token", MASK, "web")),
        (("run", "--api-key=abc"), ("run", f"--api-key={MASK}")),
        (("curl", "https://ada:pw@example.org/x"), ("curl", f"https://{MASK}@example.org/x")),
    ],
)
def test_what_may_be_a_secret_is_masked_in_a_command(command: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert shown_command(command) == shown


@given(st.lists(st.text(max_size=400), max_size=80))
def test_a_shown_command_is_bounded(command: list[str]) -> None:
    shown = shown_command(command)
    assert len(shown) <= 50
    assert all(len(word) <= 400 for word in shown)
