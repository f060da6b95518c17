"""How watchdog speaks to its operator: one line per event, readable on a terminal, JSON otherwise; never a secret."""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_TEXT_LENGTH: Final = 2000
"""Characters of a value that are kept."""
_FRAMES: Final = 6
"""Of an exception, the innermost ones."""

_SECRET_NAME: Final = re.compile(
    r"pass(word|wd)?$|secret|token|authorization|cookie|api_?key|credential", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@"
    r"|(?P<kind>\b(?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}"
    r"|(?P<name>\b[\w-]*(?:password|passwd|secret|token|api_?key)[\"']?\s*[=:]\s*)[^\s,;&]+",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def configure(stream: TextIO, *, json: bool | None = None, level: int = logging.INFO) -> None:
    """Sends all logging to `stream`; `json` None means: unless it is a terminal.

    The libraries' own logging goes the same way, from WARNING on; the scheduler's does not, because the daemon itself
    counts what is skipped and says what fails, and a job that is cancelled at the end is no failure.
    """
    terminal = stream.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exception_on_one_line,
        without_secrets,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if (not terminal if json is None else json)
        else structlog.dev.ConsoleRenderer(colors=terminal and "NO_COLOR" not in os.environ, pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logging.captureWarnings(capture=True)


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Masks what is named or looks like a secret, and keeps every text short and on one line."""
    return {name: "***" if _SECRET_NAME.search(name) else _clean(value) for name, value in event.items()}


def _clean(value: Any) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value
        case str():
            return _one_line(value)
        case _:
            return _one_line(str(value))


def _one_line(text: str) -> str:
    masked = _SECRET_TEXT.sub(_mask, text[: 2 * _TEXT_LENGTH])
    short = masked if len(masked) <= _TEXT_LENGTH else masked[: _TEXT_LENGTH - 1] + "…"
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), short)


def _mask(found: re.Match[str]) -> str:
    if found["scheme"]:
        return f"{found['scheme']}***@"
    return f"{found['kind'] or found['name']}***"


def exception_on_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`exc_info` as type, message and the innermost frames: no locals, for they hold secrets."""
    error = _exception(event.pop("exc_info", None))
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        event["exception"] = f"{type(error).__name__}: {error}" + (f" at {where}" if where else "")
    return event


def _exception(given: Any) -> BaseException | None:
    """What `exc_info` may be: an exception, a tuple as of `sys.exc_info()`, or a true value for the current one."""
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case _:
            return sys.exc_info()[1] if given else None
