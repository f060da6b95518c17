"""The event stream of a real engine that is stopped, killed and frozen; and what comes out of its bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.engine import LabEngine
from tests.support.eventually import eventually
from watchdog.engine import events
from watchdog.engine.docker import DockerEngine
from watchdog.engine.events import Reader
from watchdog.engine.protocol import Connected, Disconnected, EngineEvent, Signal
from watchdog.model.settings import EngineSettings


@asynccontextmanager
async def heard_from(lab: LabEngine, deadline: float = 5.0) -> AsyncGenerator[list[Signal]]:
    """Everything that the stream says while the block runs."""
    engine = DockerEngine(EngineSettings(host=lab.host, timeout=deadline))
    heard: list[Signal] = []

    async def listen() -> None:
        async for signal in engine.signals():
            heard.append(signal)  # noqa: PERF401 - one by one, while the test reads it

    task = asyncio.create_task(listen())
    try:
        await eventually(lambda: heard)
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engine.close()


def connections(heard: list[Signal]) -> list[Connected]:
    return [signal for signal in heard if isinstance(signal, Connected)]


def actions(heard: list[Signal]) -> list[str]:
    return [signal.action for signal in heard if isinstance(signal, EngineEvent)]


@pytest.mark.engine
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_the_stream_comes_back_after_the_engine_did(end: str, own_engine: Callable[..., LabEngine]) -> None:
    lab = own_engine()
    async with heard_from(lab) as heard:
        await asyncio.to_thread(lab.stop if end == "stop" else lab.kill)
        await eventually(lambda: isinstance(heard[-1], Disconnected))
        await asyncio.to_thread(lab.start)
        await eventually(lambda: len(connections(heard)) == 2)
        first, second = connections(heard)
        assert (first.first, second.first) == (True, False)
        assert first.identity.id == second.identity.id
        await asyncio.to_thread(lab.docker, "volume", "create", "after")
        await eventually(lambda: "create" in actions(heard))


@pytest.mark.engine
async def test_a_frozen_engine_is_noticed_though_its_stream_stays_open(
    own_engine: Callable[..., LabEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "QUIET", 0.3)
    lab = own_engine()
    async with heard_from(lab, deadline=1.0) as heard:
        lab.freeze()
        await eventually(lambda: [item for item in heard if isinstance(item, Disconnected)])
        assert isinstance(heard[-1], Disconnected)
        assert "did not answer within 1 s" in heard[-1].because
        lab.thaw()
        await eventually(lambda: len(connections(heard)) == 2)


@pytest.mark.engine
async def test_a_quiet_engine_is_not_taken_for_a_frozen_one(
    clean_engine: LabEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "QUIET", 0.05)
    async with heard_from(clean_engine) as heard:
        clean_engine.docker("volume", "create", "one")
        await eventually(lambda: "create" in actions(heard))
        await asyncio.to_thread(clean_engine.docker, "volume", "create", "two")
        await eventually(lambda: actions(heard).count("create") == 2)
        assert len(connections(heard)) == 1


@pytest.mark.engine
async def test_health_probes_are_not_heard_but_their_verdict_is(clean_engine: LabEngine) -> None:
    async with heard_from(clean_engine) as heard:
        health = ("--health-cmd", "true", "--health-interval", "1s")
        await asyncio.to_thread(clean_engine.run, "web", *health)
        await eventually(lambda: "health_status" in actions(heard))
        await asyncio.to_thread(clean_engine.docker, "exec", "web", "true")
        await asyncio.to_thread(clean_engine.docker, "pause", "web")
        await eventually(lambda: "pause" in actions(heard))
    assert not [action for action in actions(heard) if action.startswith("exec")]
    (verdict,) = [item for item in heard if isinstance(item, EngineEvent) and item.action == "health_status"]
    assert verdict.attributes["health_status"] == "healthy"
    assert verdict.attributes["name"] == "web"


async def test_while_no_engine_is_there_the_reason_is_said_once() -> None:
    engine = DockerEngine(EngineSettings(host="unix:///nowhere/docker.sock", timeout=1.0))
    stream = engine.signals()
    first = await anext(stream)
    assert first == Disconnected(
        "no engine at unix:///nowhere/docker.sock: there is no such socket; is Docker installed and started?"
    )
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stream), 1.0)
    await engine.close()


def message(number: int, action: str) -> dict[str, object]:
    actor = {"ID": f"{number:064x}", "Attributes": {"name": "wéb", "note": "a\nb"}}
    return {"Type": "container", "Action": action, "Actor": actor, "time": 1, "timeNano": 1_000_000_000 + number * 1000}


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["start", "die", "health_status: unhealthy"])), max_size=30),
    st.lists(st.integers(1, 40), min_size=1),
)
def test_events_come_out_once_and_in_order_however_their_bytes_are_cut(
    sent: list[tuple[int, str]], sizes: list[int]
) -> None:
    content = b"".join(json.dumps(message(*one)).encode() + b"\n" for one in sent)
    reader, found, at, turn = Reader(), list[EngineEvent](), 0, 0
    while at < len(content):
        size = sizes[turn % len(sizes)]
        found += reader.events(content[at : at + size])
        at, turn = at + size, turn + 1
    expected = list(dict.fromkeys((f"{number:064x}", action.partition(":")[0]) for number, action in sent))
    assert [(event.actor, event.action) for event in found] == expected
    unhealthy = [event for event in found if event.action == "health_status"]
    assert all(event.attributes["health_status"] == "unhealthy" for event in unhealthy)
