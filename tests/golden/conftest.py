"""The recorded day, played once for all tests here."""

from __future__ import annotations

import pytest

from tests.cli.conftest import daemon, home, run, twin
from tests.golden.recording import Recording
from tests.golden.scene import recorded

__all__ = ["daemon", "home", "recording", "run", "twin"]


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recorded(tmp_path_factory.mktemp("golden"))
