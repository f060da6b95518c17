"""JSON files for people who `cat` them: whole at any moment."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from watchdog.errors import LedgerError
from watchdog.ledger import read_json, write_json


def test_what_is_written_is_read_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "recovery-state.json"
    old = os.umask(0)
    try:
        write_json(path, {"services": [{"name": "café", "score": 0.5}]})
    finally:
        os.umask(old)
    assert read_json(path) == {"services": [{"name": "café", "score": 0.5}]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().endswith("}\n")


def test_no_file_is_nothing(tmp_path: Path) -> None:
    assert read_json(tmp_path / "none.json") is None


@pytest.mark.parametrize("content", [b"", b'{"services": ', b"[1]", b"\xff\xfe", b"NaN"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recovery-state.json"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=rf"{path} is damaged"):
        read_json(path)


def test_content_that_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("inf")})
    assert read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_is_not_there_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"nowhere/x\.json"):
        write_json(tmp_path / "nowhere" / "x.json", {})
    directory = tmp_path / "taken.json"
    directory.mkdir()
    with pytest.raises(LedgerError, match=r"taken\.json"):
        write_json(directory, {})
    assert list(tmp_path.iterdir()) == [directory]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"n": 0})
    done = threading.Event()
    lengths: set[int] = set()

    def read() -> None:
        while not done.is_set():
            content = json.loads(path.read_text())
            lengths.add(len(content.get("fill", "")) - content["n"])

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(1, 200):
        write_json(path, {"n": n * 100, "fill": "x" * n * 100})
    done.set()
    reader.join()
    assert lengths == {0}
