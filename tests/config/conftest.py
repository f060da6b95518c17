from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from watchdog.config import document, load
from watchdog.config.load import load_settings
from watchdog.errors import ConfigurationError
from watchdog.model.settings import Settings

Load = Callable[..., Settings]
Complaints = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def no_installed_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(document, "DEFAULT_FILE", tmp_path / "absent.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "watchdog.toml"


@pytest.fixture
def settings_of(file: Path) -> Load:
    """Settings of a file with this text, under this environment."""

    def from_text(text: str, environ: Mapping[str, str] | None = None) -> Settings:
        file.write_text(text)
        return load.load_settings(file, environ or {})

    return from_text


@pytest.fixture
def complaints(file: Path) -> Complaints:
    """The problems of a file with this text, without the file's directory."""

    def of_text(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        file.write_text(text)
        with pytest.raises(ConfigurationError) as caught:
            load_settings(file, environ or {})
        assert caught.value.exit_code == 64
        return str(caught.value).replace(f"{file.parent}/", "").splitlines()

    return of_text
