"""A name as watchdog gives them is no proof: only what this ledger's attempts made or set aside is ever touched."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import QUICK, SmallDaemon, small_daemon
from watchdog.ledger import Ledger, prepare
from watchdog.model.change import Change
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import RemoveContainer, RenameContainer
from watchdog.model.record import Entry, EntryKind
from watchdog.model.settings import RecoverySettings, Settings

NONCE = "0123456789abcdef"
NEW, OLD = f"webui.watchdog-new-{NONCE}", f"webui.watchdog-old-{NONCE}"
OFF = replace(QUICK, recovery=RecoverySettings(enabled=False))


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(time.time)


async def twice_polled(watchdog: SmallDaemon) -> None:
    polls = watchdog.daemon.measures.polls
    await eventually(lambda: watchdog.daemon.measures.polls > polls + 2)


async def intended(directory: Path, container: str | None, names: Sequence[str], spec: str | None = None) -> None:
    """A ledger whose daemon died in the middle of an attempt."""
    prepare(directory / "state")
    ledger = await Ledger.open(directory / "state", key_file=None, now=time.time(), retention=1e6)
    payload = {
        "plan": f"recreate webui: test {' '.join(names)}",
        "rung": "recreate",
        "cause": "unhealthy",
        "spec": spec,
        "container": container,
        "names": list(names),
    }
    entry = Entry(at=time.time(), kind=EntryKind.INTENT, subject="webui", sentence="will recreate", payload=payload)
    await ledger.append(Change(entries=(entry,)))
    await ledger.close()


@pytest.mark.parametrize("name", ["x.watchdog-new-abc", "x.watchdog-old-abc", NEW, OLD])
@pytest.mark.parametrize("settings", [QUICK, OFF], ids=["on", "off"])
async def test_a_foreign_container_of_such_a_name_is_watched_like_any_other(
    engine: FakeEngine, tmp_path: Path, name: str, settings: Settings
) -> None:
    container = engine.run(name)
    async with small_daemon(engine, tmp_path, settings=settings) as watchdog:
        await eventually(lambda: watchdog.knows(name) and watchdog.running(name) == container)
        await twice_polled(watchdog)
    assert engine.steps == []


async def test_one_that_comes_later_is_watched_too(engine: FakeEngine, tmp_path: Path) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        container = engine.run(OLD)
        await eventually(lambda: watchdog.knows(OLD) and watchdog.running(OLD) == container)


async def test_a_container_that_watchdog_once_started_is_not_ours_by_another_name(
    engine: FakeEngine, tmp_path: Path
) -> None:
    """Its full ID stands in the ledger, and the name that somebody gave it does not."""
    container = engine.run("webui")
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: watchdog.knows("webui") and bool(watchdog.record("webui").baselines))
        engine.crash("webui")
        await eventually(lambda: bool(watchdog.record("webui").attempts))
        await eventually(lambda: watchdog.record("webui").incident is None)
    before = list(engine.steps)
    engine.docker_rename("webui", OLD.replace("webui", "evil"))
    async with small_daemon(engine, tmp_path) as watchdog:
        await twice_polled(watchdog)
    assert not [step for step in engine.steps[len(before) :] if isinstance(step, RenameContainer | RemoveContainer)]
    assert (await engine.inspect(container)).running


@pytest.mark.parametrize(("settings", "name"), [(QUICK, "webui"), (OFF, OLD)], ids=["on", "off"])
async def test_what_an_attempt_set_aside_is_put_back_unless_recovery_is_off(
    engine: FakeEngine, tmp_path: Path, settings: Settings, name: str
) -> None:
    container = engine.run(OLD)
    await intended(tmp_path, container, [OLD, NEW])
    async with small_daemon(engine, tmp_path, settings=settings) as watchdog:
        await twice_polled(watchdog)
        assert (await engine.inspect(container)).name == name
        assert not watchdog.knows(OLD)


@pytest.mark.parametrize("fits", [True, False])
async def test_what_an_attempt_was_about_to_make_is_removed_where_its_image_fits(
    engine: FakeEngine, tmp_path: Path, *, fits: bool
) -> None:
    """The name was recorded before the call; what bears it and is something else is somebody else's."""
    original = engine.run("webui", "webui:1")
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: watchdog.knows("webui") and bool(watchdog.record("webui").baselines))
        spec = watchdog.record("webui").baselines[0].spec_id
    made = engine.run(NEW, "webui:1" if fits else "evil:1")
    assert ((await engine.inspect(made)).image_id == (await engine.inspect(original)).image_id) is fits
    await intended(tmp_path, None, [NEW], spec)
    async with small_daemon(engine, tmp_path) as watchdog:
        await twice_polled(watchdog)
        assert watchdog.knows(NEW) is not fits
        assert watchdog.running("webui") == original
    assert (made in {line.id for line in await engine.list_containers()}) is not fits


async def test_names_that_are_in_use_are_not_services(engine: FakeEngine, tmp_path: Path) -> None:
    engine.run("webui")
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: watchdog.knows("webui") and bool(watchdog.record("webui").baselines))
        seen: set[ServiceKey] = set()
        engine.docker_rm("webui")

        def recovered() -> bool:
            seen.update(watchdog.daemon.state.services.known)
            return bool(watchdog.record("webui").attempts) and watchdog.record("webui").incident is None

        await eventually(recovered)
        assert seen == {ServiceKey("", "webui")}
