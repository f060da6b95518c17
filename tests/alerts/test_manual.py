"""The examples of docs/alerts.md work."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from watchdog.alerts.registry import receiver_of
from watchdog.alerts.webhook import signature
from watchdog.config.load import load_settings
from watchdog.model.settings import ReceiverKind, Settings
from watchdog.policy.stages import mermaid

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
SECRETS = {"apprise": "json://127.0.0.1/x", "ping": "https://hc.example/x"}
BODY = b'{"key": "incident-7"}'
SECRET = "opens nothing"  # noqa: S105 - of the test


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def loaded(example: str, directory: Path) -> Settings:
    for name in re.findall(r"/run/secrets/(\w+)", example):
        (directory / name).write_text(SECRETS.get(name, "s3cret"))
    file = directory / "watchdog.toml"
    file.write_text(example.replace("/run/secrets", str(directory)))
    return load_settings(file, {"MAIL_PASSWORD": "hunter2"})


@pytest.mark.parametrize("example", examples("toml"))
def test_each_configuration_is_taken(example: str, tmp_path: Path) -> None:
    found = loaded(example, tmp_path)
    assert found.alert.receivers or found.alert.ping or found.maintenance


def test_there_is_an_example_of_every_kind_of_receiver_by_which_it_is_made(tmp_path: Path) -> None:
    shown = [receiver for example in examples("toml") for receiver in loaded(example, tmp_path).alert.receivers]
    assert {receiver.kind for receiver in shown} == set(ReceiverKind)
    assert all(callable(receiver_of(receiver).deliver) for receiver in shown)


def test_the_picture_of_an_alert_is_its_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in PAGE


def test_the_verification_knows_what_is_signed_and_nothing_else() -> None:
    names: dict[str, Any] = {}
    (example,) = examples("python")
    exec(example, names)  # noqa: S102 - the page's own
    is_from_watchdog = names["is_from_watchdog"]

    def headers(at: float) -> dict[str, str]:
        return {name.lower(): value for name, value in signature(SECRET, int(at), BODY).items()}

    now = time.time()
    assert is_from_watchdog(headers(now), BODY, SECRET)
    assert not is_from_watchdog(headers(now), BODY + b" ", SECRET)
    assert not is_from_watchdog(headers(now), BODY, "another")
    assert not is_from_watchdog(headers(now - 301), BODY, SECRET)
    assert not is_from_watchdog(headers(now - 301) | {"x-watchdog-timestamp": str(int(now))}, BODY, SECRET)
