"""Saved specs hold secrets: encrypted where a key is configured, and never another than was saved."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.ledger.samples import SECRET, change, entry, opened, spec
from watchdog.errors import LedgerError

SPEC = spec()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(Fernet.generate_key() + b"\n")
    return path


def bytes_of(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state.iterdir())


async def test_with_a_key_no_secret_is_on_the_disk(state: Path, key_file: Path) -> None:
    async with opened(state, key_file=key_file) as ledger:
        await ledger.append(change(entry(), specs=[SPEC]))
        assert SECRET.encode() not in bytes_of(state)
    async with opened(state, key_file=key_file) as ledger:
        assert await ledger.spec(SPEC.id) == SPEC


async def test_a_key_that_comes_later_encrypts_what_was_saved_without(state: Path, key_file: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(specs=[SPEC]))
        assert SECRET.encode() in bytes_of(state)
    async with opened(state, key_file=key_file) as ledger:
        assert await ledger.spec(SPEC.id) == SPEC
        assert SECRET.encode() not in bytes_of(state)


async def test_a_key_that_comes_after_a_death_leaves_no_secret_in_the_log(state: Path, key_file: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(specs=[SPEC]))
        dead = state.with_name("dead")
        shutil.copytree(state, dead)
    assert SECRET.encode() in (dead / "ledger.db-wal").read_bytes()
    async with opened(dead, key_file=key_file):
        assert SECRET.encode() not in bytes_of(dead)


@pytest.mark.parametrize("key", ["another", "none"])
async def test_a_key_that_does_not_fit_is_told_at_the_start(state: Path, key_file: Path, key: str) -> None:
    async with opened(state, key_file=key_file) as ledger:
        await ledger.append(change(specs=[SPEC]))
    key_file.write_bytes(Fernet.generate_key())
    with pytest.raises(LedgerError, match=r"Saved spec 555555555555 .*set \[state\] key_file to the key"):
        async with opened(state, key_file=key_file if key == "another" else None):
            pass


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 44, b"x" * 100_000])
async def test_a_file_that_holds_no_key_says_how_to_make_one(state: Path, key_file: Path, content: bytes) -> None:
    key_file.write_bytes(content)
    with pytest.raises(LedgerError, match=rf"{key_file} holds no key .*openssl rand"):
        async with opened(state, key_file=key_file):
            pass
    assert not state.exists()


async def test_a_key_file_that_is_not_there_is_named(state: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=rf"{tmp_path}/nowhere"):
        async with opened(state, key_file=tmp_path / "nowhere"):
            pass


async def test_a_spec_that_was_never_saved_is_named(state: Path) -> None:
    async with opened(state) as ledger:
        with pytest.raises(LedgerError, match="Saved spec 555555555555 is not in"):
            await ledger.spec(SPEC.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE specs SET content = replace(content, 'hunter2', 'hunter3')",
        "UPDATE specs SET content = substr(content, 1, 200)",
        "UPDATE specs SET content = (SELECT content FROM specs WHERE id = 'other')",
        "UPDATE specs SET content = ''",
    ],
)
@pytest.mark.parametrize("encrypted", [True, False])
async def test_a_spec_that_was_edited_by_hand_is_refused(
    state: Path, key_file: Path, statement: str, *, encrypted: bool
) -> None:
    key = key_file if encrypted else None
    async with opened(state, key_file=key) as ledger:
        await ledger.append(change(specs=[SPEC, spec("other")]))
        with sqlite3.connect(state / "ledger.db") as database:
            changed = database.execute(f"{statement} WHERE id = '{SPEC.id}'").rowcount
            assert changed == 1
        database.close()
        if encrypted and "replace" in statement:
            assert await ledger.spec(SPEC.id) == SPEC, "nothing to replace in what is encrypted"
            return
        with pytest.raises(LedgerError, match=r"Saved spec 555555555555 (was|cannot be)"):
            await ledger.spec(SPEC.id)
