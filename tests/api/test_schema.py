"""The JSON that people build on is what its schema says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from jsonschema import Draft202012Validator

from tests.support.snapshots import SNAPSHOT, SNAPSHOTS
from tests.support.status_schema import SCHEMA, STRICT
from watchdog.model.health import Health, Status
from watchdog.model.observation import Verdict
from watchdog.model.record import Rung
from watchdog.model.snapshot import Snapshot

RESULT = {
    "project": "shop",
    "name": "webui",
    "outcome": "recovered",
    "action": "recreate",
    "attempts": 1,
    "seconds": 0.4,
    "reason": "It serves.",
    "incident": 7,
}


def is_valid(instance: dict[str, Any], schema: dict[str, Any]) -> bool:
    return Draft202012Validator(schema).is_valid(instance)  # pyright: ignore[reportUnknownMemberType]  # untyped there


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@hypothesis_settings(max_examples=100, deadline=None)
@given(SNAPSHOTS)
def test_every_snapshot_fits_the_schema(snapshot: Snapshot) -> None:
    Draft202012Validator(STRICT).validate(snapshot.as_json())  # pyright: ignore[reportUnknownMemberType]  # untyped there


def test_every_key_and_word_is_in_the_schema() -> None:
    shown = SNAPSHOT.as_json()
    assert set(SCHEMA["properties"]) == set(shown)
    assert set(SCHEMA["$defs"]["service"]["properties"]) == set(shown["services"][0])
    assert set(SCHEMA["$defs"]["endpoint"]["properties"]) == set(shown["endpoints"][0])
    assert SCHEMA["properties"]["status"]["enum"] == list(Status)
    assert SCHEMA["$defs"]["health"]["enum"] == list(Health)
    assert SCHEMA["$defs"]["verdict"]["enum"] == list(Verdict)
    assert SCHEMA["$defs"]["result"]["properties"]["action"]["anyOf"][0]["enum"] == list(Rung)


@pytest.mark.parametrize("change", [{"score": 1.5}, {"status": "fine"}, {"extra": 1}, {"checked_at": "yesterday"}])
def test_what_is_wrong_does_not_fit(change: dict[str, Any]) -> None:
    assert not is_valid(SNAPSHOT.as_json() | change, STRICT)


def test_readers_take_a_key_that_they_do_not_know_but_no_other_meaning() -> None:
    shown = SNAPSHOT.as_json()
    shown["services"][0]["extra"] = 1
    assert is_valid(shown | {"extra": 1}, SCHEMA)
    assert not is_valid(shown, STRICT)
    assert not is_valid(shown | {"score": 1.5}, SCHEMA)


@pytest.mark.parametrize(
    ("change", "fits"),
    [({}, True), ({"action": None, "incident": None}, True), ({"outcome": "maybe"}, False), ({"seconds": -1}, False)],
)
def test_a_result_has_a_schema(change: dict[str, Any], fits: bool) -> None:
    assert is_valid(RESULT | change, {"$ref": "#/$defs/result", "$defs": STRICT["$defs"]}) == fits
