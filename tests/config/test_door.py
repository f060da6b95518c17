"""What commands that ask the daemon read of the configuration."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from watchdog.config.door import api_socket
from watchdog.config.load import load_settings
from watchdog.errors import ConfigurationError

VARIABLE = "WATCHDOG_API__SOCKET"
NAMES = (
    st.none() | st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: f"/{text}") | st.text(max_size=9)
)


@given(written=NAMES, variable=NAMES)
@example(written="/run/${NAME}.sock", variable=None)
@example(written="$${NAME}", variable="/run/${NAME}.sock")
@example(written="relative", variable="")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_the_whole_configuration_says(file: Path, written: str | None, variable: str | None) -> None:
    file.write_text("" if written is None else f"[api]\nsocket = {json.dumps(written)}\n")
    environment = {"NAME": "named"} | ({} if variable is None else {VARIABLE: variable})

    def whole() -> Path:
        return load_settings(file, environment).api.socket

    assert _said(lambda: api_socket(file, environment)) == _said(whole)


@pytest.mark.parametrize("text", ["api = 3", "[[api]]\nsocket = '/x'", "[api]\nsocket = 3", "[api"])
def test_what_does_not_say_it_is_refused_with_its_place(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=f"{file}:1|{file}:2"):
        api_socket(file, {})


def test_what_is_wrong_elsewhere_keeps_nobody_from_asking_the_daemon(file: Path) -> None:
    file.write_text("[watch]\nintervall = 5\n[api]\nsocket = '/run/w.sock'\n")
    assert api_socket(file, {}) == Path("/run/w.sock")


def test_neither_pydantic_nor_the_checks_are_loaded_for_it() -> None:
    program = "import sys, watchdog.config.door, watchdog.cli.deploy; print('pydantic' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def _said(read: Callable[[], Path]) -> str:
    try:
        return str(read())
    except ConfigurationError as error:
        return f"refused: {error}"
