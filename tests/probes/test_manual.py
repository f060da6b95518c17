"""The page that people copy from says the truth."""

from __future__ import annotations

import re
from pathlib import Path

from watchdog.config import load_settings
from watchdog.model.observation import CheckKind
from watchdog.probes.ask import Trouble

PAGE = (Path(__file__).parents[2] / "docs" / "probes.md").read_text(encoding="utf-8")


def test_the_examples_can_be_loaded_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("\n".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)), encoding="utf-8")
    endpoints = load_settings(file, {}).endpoints
    assert [(check.name, check.kind) for check in endpoints] == [
        ("shop", CheckKind.HTTP),
        ("login", CheckKind.HTTP),
        ("database", CheckKind.TCP),
        ("certificate", CheckKind.TLS),
    ]


def test_every_class_is_explained_with_its_verdict() -> None:
    rows = re.findall(r"^\| (`.*?) \| (FAIL|UNKNOWN) \|", PAGE, re.MULTILINE)
    explained = {name: verdict.lower() for names, verdict in rows for name in re.findall(r"`(\w+)`", names)}
    assert explained == {trouble.value: trouble.verdict.value for trouble in Trouble}
