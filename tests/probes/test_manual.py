"""The pages that people copy from say the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.config.reference import value_of
from watchdog.config.checks import KINDS
from watchdog.config.load import load_settings
from watchdog.probes import Prober
from watchdog.probes.ask import FailureKind

PAGES = Path(__file__).parents[2] / "docs" / "probes"
INDEX = (PAGES / "README.md").read_text(encoding="utf-8")
LINKS = dict(re.findall(r"^\| \[`(\w+)`\]\((\w+\.md)\) \|", INDEX, re.MULTILINE))
EXAMPLE = re.compile(r"```toml\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("key", KINDS)
async def test_each_kind_has_a_page_whose_examples_can_be_loaded_and_asked_as_they_stand(
    key: str, prober: Prober, tmp_path: Path
) -> None:
    page = (PAGES / LINKS[key]).read_text(encoding="utf-8")
    file = tmp_path / "config.toml"
    file.write_text("\n".join(EXAMPLE.findall(page)), encoding="utf-8")
    settings = load_settings(file, {})
    checks = [*settings.endpoints, *(check for _, service in settings.services for check in service.checks)]
    asked = [check for check in checks if hasattr(check.probe, key)]
    await prober.close()  # it answers at once
    assert [(await prober.ask(check)).check for check in asked] == [check.name for check in asked] != []


def test_the_index_names_every_page() -> None:
    assert {key: f"{value_of(section).kind}.md" for key, section in KINDS.items()} == LINKS
    assert {*LINKS.values(), "README.md"} == {page.name for page in PAGES.iterdir()}


def test_every_class_is_explained_with_its_verdict() -> None:
    rows = re.findall(r"^\| (`.*?) \| (FAIL|UNKNOWN) \|", INDEX, re.MULTILINE)
    explained = {name: verdict.lower() for names, verdict in rows for name in re.findall(r"`(\w+)`", names)}
    assert explained == {trouble.value: trouble.verdict.value for trouble in FailureKind}
