"""`watchdog ledger verify`: the record of a real recovery, then the same record after somebody was at it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.doors import one_sentence
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


@pytest.fixture
def written(watch: Scene) -> Scene:
    """A ledger that tells of one recovery, and no daemon."""
    watch.engine.run("webui")
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_recovered("webui")
    watch.verdict()
    return watch


def _change(scene: Scene, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(scene.daemon.state / "ledger.db")) as connection, connection:
        assert connection.execute(statement, values).rowcount >= 1


def test_a_row_that_was_rewritten_is_named(written: Scene) -> None:
    (intent,) = written.intents()
    written.daemon.stop()
    intact = written.daemon.cli("ledger", "verify")
    assert intact.code == 0
    _change(written, "UPDATE entries SET sentence = 'nothing happened' WHERE seq = ?", intent["seq"])
    ran = written.daemon.cli("ledger", "verify")
    assert (ran.code, ran.err) == (1, "")
    assert f"row {intent['seq']}" in ran.out
    found = written.daemon.cli("ledger", "verify", "--json")
    assert (found.code, found.json["intact"], found.json["first_bad"]) == (1, False, intent["seq"])


def test_a_row_that_was_taken_out_is_named(written: Scene) -> None:
    (intent,) = written.intents()
    written.daemon.stop()
    _change(written, "DELETE FROM entries WHERE seq = ?", intent["seq"])
    found = written.daemon.cli("ledger", "verify", "--json")
    assert found.code == 1
    assert found.json["first_bad"] in {intent["seq"], intent["seq"] + 1}


def test_a_cut_at_the_end_is_found_against_the_anchor_of_status(written: Scene) -> None:
    written.daemon.stop()
    written.daemon.start()
    anchor = written.daemon.cli("status", "--json").json["ledger_head"]
    written.verdict()
    assert written.daemon.cli("ledger", "verify", "--anchor", anchor).code == 0
    written.daemon.stop()
    assert written.daemon.cli("ledger", "verify", "--anchor", anchor).code == 0
    rows = written.daemon.cli("ledger", "verify", "--json").json["rows"]
    _change(written, "DELETE FROM entries WHERE seq > ?", rows - 4)
    ran = written.daemon.cli("ledger", "verify", "--anchor", anchor)
    assert ran.code == 1, ran
    assert anchor[:12] in ran.out


def test_rows_that_changed_places_are_named(written: Scene) -> None:
    (intent,) = written.intents()
    written.daemon.stop()
    first, second = intent["seq"], intent["seq"] + 1
    _change(written, "UPDATE entries SET seq = -1 WHERE seq = ?", first)
    _change(written, "UPDATE entries SET seq = ? WHERE seq = ?", first, second)
    _change(written, "UPDATE entries SET seq = ? WHERE seq = -1", second)
    ran = written.daemon.cli("ledger", "verify")
    assert (ran.code, ran.err) == (1, "")
    assert f"row {first}" in ran.out


def test_an_older_copy_put_back_is_found_against_the_anchor_of_status(written: Scene, tmp_path: Path) -> None:
    written.daemon.stop()
    shutil.copytree(written.daemon.state, tmp_path / "copy")
    written.daemon.start()
    anchor = written.daemon.cli("status", "--json").json["ledger_head"]
    written.verdict()
    written.daemon.stop()
    shutil.rmtree(written.daemon.state)
    shutil.copytree(tmp_path / "copy", written.daemon.state)
    assert written.daemon.cli("ledger", "verify").code == 0, "in itself it is good"
    ran = written.daemon.cli("ledger", "verify", "--anchor", anchor)
    assert (ran.code, ran.err) == (1, "")
    assert f"the anchor {anchor} is none of its rows" in ran.out


def test_what_is_no_hash_is_no_anchor_and_without_a_ledger_there_is_nothing_to_verify(written: Scene) -> None:
    one_sentence(written.daemon.cli("ledger", "verify", "--anchor", "yesterday"), 64)
    written.daemon.stop()
    (written.daemon.state / "ledger.db").unlink()
    said = one_sentence(written.daemon.cli("ledger", "verify"), 1)
    assert said.startswith("There is no ledger in ")
