"""Fault 21: one daemon per engine and per state directory; the second is told who the first is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchdog.daemon.process.lock import EngineLock, StateLock
from watchdog.errors import LedgerError, LockHeld, WatchdogError

HOLDER = {"pid": 4711, "since": "2026-01-02T03:04:05.000Z", "state_dir": "/var/lib/watchdog", "command": "watchdog run"}
ENGINE = "7TVN:OWKG/../x"


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the engine's lock."""
    program = (
        "import json, os, pathlib, sys, time; from watchdog.daemon.process.lock import EngineLock\n"
        "holder = json.loads(sys.argv[3]) | {'pid': os.getpid()}\n"
        "lock = EngineLock.acquire(pathlib.Path(sys.argv[1]), sys.argv[2], holder)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = '{"since": "S", "state_dir": "/s", "command": "watchdog run"}'
    arguments = [sys.executable, "-c", program, str(tmp_path / "run"), ENGINE, holder]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_daemon_on_an_engine_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = EngineLock.acquire(tmp_path / "run", ENGINE, HOLDER)
    with pytest.raises(LockHeld) as caught:
        EngineLock.acquire(tmp_path / "run", ENGINE, HOLDER | {"pid": 1})
    assert str(caught.value) == (
        f"Engine {ENGINE} is watched already by process 4711 (watchdog run), since 2026-01-02T03:04:05.000Z, "
        f"with state directory /var/lib/watchdog: stop it first"
    )
    lock.release()
    lock.release()
    EngineLock.acquire(tmp_path / "run", ENGINE, HOLDER).release()


def test_the_lock_file_stays_in_the_run_directory_whatever_the_engine_is_called(tmp_path: Path) -> None:
    EngineLock.acquire(tmp_path / "run", ENGINE, HOLDER).release()
    EngineLock.acquire(tmp_path / "run", "x" * 5000, HOLDER).release()
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == ["engine-7TVN_OWKG_.._x.lock", f"engine-{'x' * 128}.lock"]


def test_other_engines_are_other_locks(tmp_path: Path) -> None:
    locks = [EngineLock.acquire(tmp_path, engine, HOLDER) for engine in ("A:B", "A:C")]
    for lock in locks:
        lock.release()


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path, other_process: subprocess.Popen[str]) -> None:
    with pytest.raises(LockHeld, match=f"process {other_process.pid} "):
        EngineLock.acquire(tmp_path / "run", ENGINE, HOLDER)
    other_process.kill()
    other_process.wait()
    EngineLock.acquire(tmp_path / "run", ENGINE, HOLDER).release()


def test_a_child_of_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    lock = EngineLock.acquire(tmp_path, ENGINE, HOLDER)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        EngineLock.acquire(tmp_path, ENGINE, HOLDER).release()
        child.kill()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_holder_that_has_not_said_its_name_is_held_all_the_same(tmp_path: Path, content: str) -> None:
    lock = StateLock.acquire(tmp_path / "state", HOLDER)
    (tmp_path / "state" / "lock").write_text(content)
    with pytest.raises(LockHeld, match="another process, which has just started"):
        StateLock.acquire(tmp_path / "state", HOLDER)
    lock.release()


def test_a_state_directory_has_one_daemon_and_is_for_its_owner_only(tmp_path: Path) -> None:
    state = tmp_path / "state"
    lock = StateLock.acquire(state, HOLDER)
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "lock").stat().st_mode & 0o777 == 0o600
    with pytest.raises(LockHeld, match=rf"State directory {state} is used already by process 4711"):
        StateLock.acquire(state, HOLDER)
    lock.release()


def test_places_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WatchdogError, match=r"Run directory .*file/run cannot be made"):
        EngineLock.acquire(tmp_path / "file" / "run", ENGINE, HOLDER)
    with pytest.raises(LedgerError, match="is not a directory"):
        StateLock.acquire(tmp_path / "file", HOLDER)
    (tmp_path / "run" / "engine-A.lock").mkdir(parents=True)
    with pytest.raises(WatchdogError, match=r"Lock file .*engine-A.lock cannot be opened"):
        EngineLock.acquire(tmp_path / "run", "A", HOLDER)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["engine-A.lock"]
