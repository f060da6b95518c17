"""A run of the tests is for one version of the engine: that this one is tested, and no other, is tested as well."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.lab.engine import PROGRAMS, LabEngine

pytestmark = pytest.mark.engine


def test_the_engine_speaks_the_version_that_this_run_is_for(lab_engine: LabEngine) -> None:
    wanted = os.environ.get("LAB_API_VERSION")
    if wanted is None:
        pytest.skip("LAB_API_VERSION does not say which version this run is for; `make test` does")
    assert lab_engine.api("GET", "/version").json["ApiVersion"] == wanted


def test_the_engine_is_the_one_that_this_run_is_for(lab_engine: LabEngine) -> None:
    for pid, program in ((lab_engine.pid, "dockerd"), (lab_engine.containerd_pid, "containerd")):
        found = shutil.which(program, path=lab_engine.search_path)
        assert found is not None
        assert Path(f"/proc/{pid}/exe").readlink() == Path(found).resolve()
        assert found.startswith(PROGRAMS)
