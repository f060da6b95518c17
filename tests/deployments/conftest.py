from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deployments.stage import Shop
from tests.faults.scene import Scene

ShopOn = Callable[[Scene], Shop]


@pytest.fixture
def shop_on(tmp_path: Path) -> Iterator[ShopOn]:
    """Makes the test's shop on any scene; what it has started is gone afterwards."""
    folder = tmp_path / "shop"
    folder.mkdir()
    with ExitStack() as started:
        yield lambda scene: Shop(scene, folder, started)


@pytest.fixture
def shop(watch: Scene, shop_on: ShopOn) -> Shop:
    return shop_on(watch)
