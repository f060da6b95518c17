"""Validators as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.model.validator import ValidatorSettings

DOCUMENT = Path(__file__).parents[2] / "docs" / "channels.md"
NAMED = "[[validator]]\nname = 'ci'\n"


def test_each_validator_is_read_with_its_keys(settings_of: Load, tmp_path: Path) -> None:
    (tmp_path / "webhook").write_text("https://hooks.example/y\n")
    (tmp_path / "token").write_text("from-a-file\n")
    found = settings_of(f"""
        [[validator]]
        name = "ci"
        webhook = "https://hooks.example/x"
        token = "t"
        secret = "s"
        timeout = "20s"
        services = ["shop/*", "db"]
        [[validator]]
        name = "files"
        webhook_file = "{tmp_path / "webhook"}"
        token_file = "{tmp_path / "token"}"
        [[validator]]
        name = "operator"
    """)
    assert found.validators == (
        ValidatorSettings(
            name="ci",
            webhook="https://hooks.example/x",
            token="t",  # noqa: S106 - of the test
            secret="s",  # noqa: S106 - of the test
            timeout=20.0,
            services=("shop/*", "db"),
        ),
        ValidatorSettings(name="files", webhook="https://hooks.example/y", token="from-a-file"),  # noqa: S106 - of the test
        ValidatorSettings(name="operator"),
    )
    assert "hooks.example" not in repr(found.validators)
    assert "from-a-file" not in repr(found.validators)


@pytest.mark.parametrize(
    ("text", "place", "wrong"),
    [
        (NAMED + NAMED, "validator[ci].name", '"ci" is used twice; allowed: one [[validator]] of a name'),
        (NAMED + "token = 't'", "validator[ci].token", "means nothing without a webhook"),
        (NAMED + "secret_file = '/x'", "validator[ci].secret_file", "means nothing without a webhook"),
        (NAMED + "webhook = 'ftp://x'", "validator[ci].webhook", "allowed: http:// or https://"),
        (NAMED + "webhook = 'http://x/'\nwebhook_file = '/x'", "validator[ci].webhook_file", "stands beside webhook"),
        (NAMED + "url = 'http://x/'", "validator[ci].url", "is not known"),
        ("[[validator]]\nservices = ['x']", "validator[1]", "name"),
        ("validator = 1", "validator", "is no list of tables; allowed: [[validator]]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: str, wrong: str, complaints: Complaints) -> None:
    said = complaints(text)
    assert any(f"{place}" in line and wrong in line for line in said), said


def test_the_example_on_channels_loads(settings_of: Load) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert [one.name for one in settings_of(example, {"VALIDATOR_SECRET": "x"}).validators] == [
        "smoke-tests",
        "operator",
    ]
