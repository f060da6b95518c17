"""A fresh engine, a daemon and an oracle for every fault; the oracle has the last word on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine
from tests.lab.oracle import Oracle
from tests.lab.watch import lab_daemon

SceneOf = Callable[[LabEngine], Scene]


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
