"""A state directory that cannot be used: one sentence, exit code 1, and what was there stays as it was."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.e2e.doors import fingerprint, one_sentence, remembered
from tests.faults.scene import Scene
from tests.lab.disk import fill, tmpfs

pytestmark = pytest.mark.engine


def _refused(scene: Scene, *commands: tuple[str, ...]) -> str:
    """What all of them say: one sentence, with 1 (`check`: 3)."""
    said = {one_sentence(scene.daemon.cli(*command), 3 if command[0] == "check" else 1) for command in commands}
    assert len(said) == 1, said
    return said.pop()


def test_what_is_no_directory_is_named(watch: Scene) -> None:
    watch.daemon.write_config()
    watch.daemon.state.write_text("mine")
    said = _refused(watch, ("run",), ("recover", "--all"))
    assert (
        said == f"State directory {watch.daemon.state} is not a directory: remove the file or set [state] dir elsewhere"
    )
    assert str(watch.daemon.state) in one_sentence(watch.daemon.cli("check"), 3)
    assert watch.daemon.state.read_text() == "mine"


def test_a_ledger_of_another_version_is_left_as_it_is(watch: Scene) -> None:
    watch.engine.run("webui")
    remembered(watch, "webui")
    with closing(sqlite3.connect(watch.daemon.state / "ledger.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    before = fingerprint(watch.daemon.state)
    said = _refused(watch, ("run",), ("recover", "--all"), ("check",), ("ledger", "verify"), ("incidents",))
    assert "was made by another version of watchdog (schema 99, this one has " in said
    after = fingerprint(watch.daemon.state)
    assert {name for name in before if after[name] != before[name]} <= {"lock"}


def test_a_read_only_one_is_refused_by_what_writes_and_read_by_what_reads(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.write_config()
    with tmpfs(watch.daemon.state, "40m"):
        remembered(watch, "webui")
        watch.engine.docker("rm", "--force", "webui")
        subprocess.run(["mount", "-o", "remount,ro", watch.daemon.state], check=True)
        said = _refused(watch, ("run",), ("recover", "--all"))
        assert "read-only" in said.lower()
        assert str(watch.daemon.state) in said
        assert watch.daemon.cli("check").code == 2
        assert watch.daemon.cli("ledger", "verify").code == 0


def test_a_full_disk_at_the_first_start_leaves_nothing_half_made(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.write_config()
    with tmpfs(watch.daemon.state, "64k") as place:
        said = one_sentence(watch.daemon.cli("recover", "--all"), 1)
        assert said.startswith("No space left for ")
        subprocess.run(["mount", "-o", "remount,size=40m", place], check=True)
        remembered(watch, "webui")
        assert watch.daemon.cli("ledger", "verify").code == 0


def test_on_a_disk_that_fills_up_a_missing_service_still_comes_back_with_a_record(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.write_config()
    with tmpfs(watch.daemon.state, "40m") as place:
        watch.start("webui")
        ballast = fill(place)
        watch.engine.docker("rm", "--force", "webui")
        watch.wait_recovered("webui")
        assert len(watch.intents()) == 1
        assert "Traceback" not in watch.daemon.log
        ballast.unlink()
        watch.verdict()
        assert watch.daemon.stop() == 0
