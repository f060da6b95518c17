"""What an operator reads."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from watchdog import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


def test_json_goes_to_whatever_is_no_terminal() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    structlog.get_logger().info("shop/webui is missing.", incident=7)
    said = only(stream)
    assert (said["event"], said["incident"], said["level"]) == ("shop/webui is missing.", 7, "info")
    assert said["timestamp"].endswith("Z")


def test_a_terminal_gets_one_readable_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    logs.configure(stream)
    structlog.get_logger().warning("shop/webui\nis \x1b[31mmissing.", service="shop/webui")
    (line,) = stream.getvalue().splitlines()
    assert "shop/webui\\nis \\x1b[31mmissing." in line
    assert "\x1b" not in line


def test_a_terminal_has_colours_unless_it_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    logs.configure(stream)
    structlog.get_logger().info("good")
    assert "\x1b[" in stream.getvalue()


def test_the_libraries_speak_from_warning_on() -> None:
    stream = io.StringIO()
    logs.configure(stream, json=True)
    logging.getLogger("uvicorn.error").info("not this")
    logging.getLogger("apscheduler.scheduler").warning("nor this")
    logging.getLogger("aiohttp.client").warning("that %s", "one")
    said = only(stream)
    assert (said["event"], said["logger"], said["level"]) == ("that one", "aiohttp.client", "warning")


def test_warnings_of_python_are_lines_too() -> None:
    stream = io.StringIO()
    logs.configure(stream, json=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", UserWarning, stacklevel=1)
    assert "old" in only(stream)["event"]


@pytest.mark.parametrize("door", ["structlog", "stdlib"])
def test_an_exception_is_one_line_without_locals(door: str) -> None:
    stream = io.StringIO()
    logs.configure(stream, json=True)
    logger: Any = structlog.get_logger() if door == "structlog" else logging.getLogger("uvicorn.error")
    try:
        fail("l0cal-value")
    except ZeroDivisionError:
        logger.exception("It failed.")
    exception = only(stream)["exception"]
    assert exception.startswith("ZeroDivisionError: division by zero at ")
    assert " fail" in exception
    assert "l0cal-value" not in stream.getvalue()


def fail(secret: str) -> float:
    return len(secret) / 0


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cret-s3cret",
        "https://root:s3cret@example.com/",
        "DB_PASSWORD=s3cret",
        '{"api_key": "s3cret"}',
        "token=s3cret&next=1",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    stream = io.StringIO()
    logs.configure(stream, json=True)
    structlog.get_logger().info(f"Answer: {text}", given=text, nested={"reason": text})
    logging.getLogger("aiodocker").error("failed: %s", text)
    structlog.get_logger().error("It failed.", exc_info=ValueError(text))
    assert "s3cret" not in stream.getvalue()


def test_what_is_named_a_secret_is_masked() -> None:
    stream = io.StringIO()
    logs.configure(stream, json=True)
    secrets = dict.fromkeys(("webhook_token", "Authorization", "password", "DB_PASSWORD", "api_key"), "s3cret")
    structlog.get_logger().info("Posted.", key="kept", **secrets)
    assert "s3cret" not in stream.getvalue()
    assert only(stream)["key"] == "kept"


@given(st.text(st.characters(), max_size=5000))
def test_any_text_is_one_bounded_line(text: str) -> None:
    stream = io.StringIO()
    logs.configure(stream, json=True)
    structlog.get_logger().info("said", text=text)
    assert len(stream.getvalue()) < 30_000
    assert only(stream)["event"] == "said"
    stream.getvalue().encode("utf-8")
