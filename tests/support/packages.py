"""Programs of Debian packages that tests run for real. Where one is missing CI fails; elsewhere the test is skipped."""

from __future__ import annotations

import os
import shutil
from typing import Never

import pytest


def program(name: str) -> str:
    """Its path; the package has the program's name."""
    return shutil.which(name) or missing(name)


def missing(package: str) -> Never:
    why = f"Debian's package {package} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
