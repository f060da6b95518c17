from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployments.stage import Shop
from tests.faults.scene import Scene


@pytest.fixture
def shop(watch: Scene, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(watch, folder)
