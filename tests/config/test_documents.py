"""The examples in the documents are ones that load."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.config.conftest import Load
from watchdog.model.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "example",
    [one for page in ("root-cause", "approvals") for one in EXAMPLE.findall((DOCS / f"{page}.md").read_text())],
)
def test_each_example_loads_and_says_something(example: str, settings_of: Load) -> None:
    assert replace(settings_of(example), source=None) != Settings() or "flap_" in example


def test_the_page_on_root_causes_shows_what_it_explains() -> None:
    text = "\n".join(EXAMPLE.findall((DOCS / "root-cause.md").read_text()))
    assert all(key in text for key in ("depends_on", "on_failure", "references", "flap_low", "flap_high"))
