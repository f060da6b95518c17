"""Fixtures around a real engine. Without one, engine tests are skipped, unless the environment says that they count."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Never

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import PROGRAMS, LabEngine
from tests.lab.engine import lab_engine as started_engine
from tests.lab.ground import LabUnavailable
from tests.lab.oracle import Oracle
from tests.lab.watch import lab_daemon
from tests.support.golden import Golden

SceneOf = Callable[[LabEngine], Scene]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write golden files instead of comparing with them")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes come first: the others then fill the time of the processes beside them."""
    slow = {item.path for item in items if item.get_closest_marker("timeout") is not None}
    items.sort(key=lambda item: item.path not in slow)


def _no_engine(why: LabUnavailable) -> Never:
    if os.environ.get("CI") == "true" or os.environ.get("LAB_REQUIRE_ENGINE") == "1":
        pytest.fail(f"a real engine is required here: {why}", pytrace=False)
    pytest.skip(f"no real engine: {why}")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(rewrites=bool(request.config.getoption("--rewrite-golden")))


@pytest.fixture(scope="session")
def lab_engine() -> Iterator[LabEngine]:
    """One engine for the whole run; tests take `clean_engine` instead."""
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(started_engine())
        except LabUnavailable as why:
            _no_engine(why)
        yield engine


@pytest.fixture
def clean_engine(lab_engine: LabEngine) -> Iterator[LabEngine]:
    """The shared engine, empty; what the test leaves on it is removed."""
    try:
        lab_engine.clean()
    except TimeoutError:  # the test before this one has failed over it, as the others need not
        lab_engine.kill()
        lab_engine.start()
        lab_engine.clean()
    yield lab_engine
    lab_engine.clean()


@pytest.fixture
def engine_host(clean_engine: LabEngine) -> str:
    """DOCKER_HOST of the shared engine, empty before and after the test."""
    return clean_engine.host


@pytest.fixture
def own_engine() -> Iterator[Callable[..., LabEngine]]:
    """Makes engines that the test alone has, to kill, freeze or restart: `own_engine(live_restore=True)`."""
    with ExitStack() as stack:

        def start(*, live_restore: bool = False, programs: str = PROGRAMS) -> LabEngine:
            try:
                return stack.enter_context(started_engine(live_restore=live_restore, programs=programs))
            except LabUnavailable as why:
                _no_engine(why)

        yield start


@pytest.fixture
def scene_of(tmp_path: Path) -> Iterator[SceneOf]:
    """Makes a scene around any engine; a daemon that still runs at the end is judged by the oracle."""
    scenes: list[Scene] = []
    with ExitStack() as stack:

        def make(engine: LabEngine) -> Scene:
            directory = tmp_path / f"watchdog{len(scenes)}"
            directory.mkdir()
            daemon = stack.enter_context(lab_daemon(engine, directory))
            scenes.append(Scene(engine, daemon, Oracle(engine, daemon)))
            return scenes[-1]

        yield make
        for scene in scenes:
            if scene.daemon.runs:
                scene.verdict()


@pytest.fixture
def watch(clean_engine: LabEngine, scene_of: SceneOf) -> Scene:
    """The shared engine, empty, and a daemon that the test starts: `watch.start("webui")`."""
    return scene_of(clean_engine)
