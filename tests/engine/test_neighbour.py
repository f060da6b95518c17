"""The lost second after a start: a stale neighbour entry goes, everybody else's stays."""

from __future__ import annotations

import sys

import pytest

from tests.lab.engine import LabEngine
from watchdog.engine.neighbour import Neighbours

pytestmark = pytest.mark.engine

START = """
import asyncio, sys
from watchdog.engine.docker import DockerEngine
from watchdog.model.plan import RestartContainer, StartContainer
from watchdog.model.settings import EngineSettings

async def main(host, verb, container):
    engine = DockerEngine(EngineSettings(host=host, timeout=30.0))
    match verb:
        case "start":
            await engine.execute(StartContainer(container))
        case "restart":
            await engine.execute(RestartContainer(container, 1))
        case "forget":  # somebody else has started it
            await engine.forget_addresses(container)
    await engine.close()

asyncio.run(main(*sys.argv[1:]))
"""
WRONG = "02:42:de:ad:be:ef"


def neighbours(lab: LabEngine, address: str) -> str:
    return lab.command("ip", "neigh", "show", address)


def teach(lab: LabEngine, address: str, state: str) -> None:
    lab.command("ip", "neigh", "replace", address, "lladdr", WRONG, "dev", "docker0", "nud", state)


def prepared(lab: LabEngine) -> tuple[str, str]:
    """A container that ran once, and the address that it will have again."""
    lab.run("anchor")  # without another container the bridge goes down, and the kernel forgets everything by itself
    container = lab.run("web")
    address = lab.inspect(container)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    lab.docker("stop", "--time", "0", "web")
    return container, address


@pytest.mark.parametrize("verb", ["start", "restart", "forget"])
def test_the_stale_entry_of_a_started_container_is_gone(verb: str, clean_engine: LabEngine) -> None:
    container, address = prepared(clean_engine)
    if verb == "forget":
        clean_engine.docker("start", "web")
    teach(clean_engine, address, "reachable")
    clean_engine.command(sys.executable, "-c", START, clean_engine.host, verb, container)
    assert clean_engine.inspect(container)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] == address
    assert WRONG not in neighbours(clean_engine, address)


def test_entries_of_others_and_those_that_a_person_set_stay(clean_engine: LabEngine) -> None:
    container, address = prepared(clean_engine)
    other = f"{address.rpartition('.')[0]}.250"
    teach(clean_engine, other, "reachable")
    teach(clean_engine, address, "permanent")
    clean_engine.command(sys.executable, "-c", START, clean_engine.host, "start", container)
    assert WRONG in neighbours(clean_engine, other)
    assert WRONG in neighbours(clean_engine, address)
    clean_engine.command("ip", "neigh", "flush", "to", address, "nud", "permanent")


def test_of_an_engine_elsewhere_nothing_is_touched() -> None:
    assert Neighbours(local=False).usable is False
