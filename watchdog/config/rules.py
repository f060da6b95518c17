"""What one value of the configuration may be: a rule reads it, or says what is wrong and what is allowed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from watchdog.config.duration import parse_duration, spell_duration
from watchdog.model.identity import ServiceKey

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

DAY: Final = 86400.0
LONGEST: Final = 3650 * DAY
_SHOWN: Final = 60
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class InvalidValue(ValueError):
    """What is wrong with a value, as a sentence whose subject is the key."""


class Expanded(str):
    """A text into which the environment was put: it may be a secret, so no message shows it."""

    __slots__ = ("parts",)

    def __new__(cls, text: str, parts: tuple[str, ...] = ()) -> Self:
        made = super().__new__(cls, text)
        made.parts = parts
        return made

    parts: tuple[str, ...]
    """What the environment put in."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """`read` returns the value or raises InvalidValue with what is wrong; `allowed` says what would be right."""

    allowed: str
    read: Callable[[Any], T]

    def __call__(self, value: Any) -> T:
        try:
            return self.read(value)
        except ValueError as error:
            raise InvalidValue(f"{error}; allowed: {self.allowed}") from None


def quoted(value: object) -> str:
    """The value as a message shows it: bounded, without control characters, never an expanded secret."""
    if isinstance(value, Expanded):
        return "its value (from the environment)"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = _CONTROL.sub("?", text)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f'"{text}"' if isinstance(value, str) else text


def is_list(value: object) -> list[Any] | None:
    return cast("list[Any]", value) if isinstance(value, list) else None


def is_table(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def text(*, at_most: int = 4096, secret: bool = False, multi_line: bool = False) -> Callable[[Any], str]:
    """Non-empty text of bounded length; CR, LF and other control characters only where `multi_line`."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidValue("is not a text" if secret else f"{quoted(value)} is not a text")
        if not value:
            raise InvalidValue("is empty")
        if len(value) > at_most:
            raise InvalidValue(f"is longer than {at_most} characters")
        if not multi_line and _CONTROL.search(value):
            raise InvalidValue("contains a line break or another control character")
        return str(value)

    return read


def matching(pattern: str, *, at_most: int = 253, secret: bool = False) -> Callable[[Any], str]:
    """Text that the regular expression matches from end to end."""
    expression, checked = re.compile(pattern), text(at_most=at_most, secret=secret)

    def read(value: Any) -> str:
        found = checked(value)
        if not expression.fullmatch(found):
            raise InvalidValue("cannot be used" if secret else f"{quoted(value)} cannot be used")
        return found

    return read


def table_of(
    what: str, name: Callable[[Any], str], item: Callable[[Any], str], *, at_most: int
) -> Callable[[Any], dict[str, str]]:
    """A table of texts. `name` and `item` read its keys and values; `what` a key names, as "header"."""

    def named(key: str) -> str:
        try:
            return name(key)
        except ValueError:
            raise InvalidValue(f"{quoted(key)} is no name of a {what}") from None

    def valued(key: str, content: Any) -> str:
        try:
            return item(content)
        except ValueError as error:
            raise InvalidValue(f"the value of {quoted(key)} {error}") from None

    def read(value: Any) -> dict[str, str]:
        table = is_table(value)
        if table is None:
            raise InvalidValue(f"{quoted(value)} is not a table")
        if len(table) > at_most:
            raise InvalidValue(f"has more than {at_most} {what}s")
        return {named(key): valued(key, content) for key, content in table.items()}

    return read


def duration(minimum: float, maximum: float = LONGEST) -> Rule[float]:
    """Seconds between `minimum` and `maximum`, both included."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InvalidValue(f"{quoted(value)} is not a duration")
        if isinstance(value, str):
            negative = value.strip().startswith("-")
            try:
                seconds = parse_duration(value.strip().removeprefix("-"))
            except ValueError:
                raise InvalidValue(f"{quoted(value)} is not a duration") from None
            seconds = -seconds if negative else seconds
        else:
            seconds = value
        if not minimum <= seconds <= maximum:  # NaN fails it too
            wrong = "negative" if seconds < 0 else "too short" if seconds < minimum else "too long"
            raise InvalidValue(f"{quoted(value)} is {wrong}")
        return float(seconds)

    span = f"from {spell_duration(minimum)} to {spell_duration(maximum)}"
    return Rule(f'a duration {span}, as "60s", "1m30s", "2h", "500ms" or a number of seconds', read)


def whole(minimum: int, maximum: int) -> Rule[int]:
    def read(value: Any) -> int:
        written = isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value)
        found = int(value) if written else value
        if isinstance(found, bool) or not isinstance(found, int):
            raise InvalidValue(f"{quoted(value)} is not a whole number")
        if not minimum <= found <= maximum:
            raise InvalidValue(f"{quoted(value)} is out of range")
        return found

    return Rule(f"a whole number from {minimum} to {maximum}", read)


def number(minimum: float, maximum: float) -> Rule[float]:
    def read(value: Any) -> float:
        written = isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", value)
        found = float(value) if written else value
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise InvalidValue(f"{quoted(value)} is not a number")
        if not minimum <= found <= maximum:  # NaN fails it too
            raise InvalidValue(f"{quoted(value)} is out of range")
        return float(found)

    return Rule(f"a number from {minimum:g} to {maximum:g}", read)


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise InvalidValue(f"{quoted(value)} is neither true nor false")


def _true_only(value: Any) -> bool:
    if not _bool(value):
        raise InvalidValue("is false: it asks nothing")
    return True


_SHARE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


def _share(value: Any) -> float:
    """As a part of 1."""
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidValue(f"{quoted(value)} is no share")
    return number(0, 100).read(match[1]) / 100


def choice(of: type[Choice]) -> Rule[Choice]:
    def read(value: Any) -> Choice:
        try:
            return of(value)
        except ValueError:
            raise InvalidValue(f"{quoted(value)} is no choice here") from None

    return Rule(" or ".join(f'"{one.value}"' for one in of), read)


def _path(value: Any) -> Path:
    path = Path(text()(value))
    if not path.is_absolute():
        raise InvalidValue(f"{quoted(value)} is not absolute")
    return path


def listed(
    allowed: str,
    item: Callable[[Any], T],
    split: Callable[[str], list[str]],
    *,
    at_most: int = 256,
) -> Rule[tuple[T, ...]]:
    """A list, or one text that `split` takes apart (the environment and labels know only texts)."""

    def read(value: Any) -> tuple[T, ...]:
        items = split(value) if isinstance(value, str) else is_list(value)
        if items is None:
            raise InvalidValue(f"{quoted(value)} is not a list")
        if len(items) > at_most:
            raise InvalidValue(f"has more than {at_most} items")
        return tuple(item(one) for one in items)

    return Rule(allowed, read)


def commas(value: str) -> list[str]:
    return [item for part in value.split(",") if (item := part.strip())]


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError as error:
        raise InvalidValue(f"cannot be split into words ({str(error).lower()})") from None


def _command(value: Any) -> tuple[str, ...]:
    found = listed("", text(multi_line=True), _words).read(value)
    if isinstance(value, str) and not found:
        raise InvalidValue("has no words")
    return found


def _program(value: Any) -> tuple[str, ...]:
    found = _command(value)
    if not found:
        raise InvalidValue("has no words")
    return found


def _exit_codes(value: Any) -> tuple[int, ...]:
    single = [value] if isinstance(value, int) else value
    found = listed("", whole(0, 255).read, commas, at_most=32).read(single)
    if not found:
        raise InvalidValue("is empty")
    return found


def _variable(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidValue("is not a text")
    return str(value)


def _service_reference(value: Any) -> str:
    name = text(at_most=256)(value)
    try:
        return str(ServiceKey.parse(name))
    except ValueError:
        raise InvalidValue(f"{quoted(value)} is no service name") from None


_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def _day(value: Any) -> int:
    """Monday is 0."""
    name = text()(value).lower()
    if name not in _DAYS:
        raise InvalidValue(f"{quoted(value)} is no day")
    return _DAYS.index(name)


def _hour(value: Any) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    match = _HOUR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidValue(f"{quoted(value)} is no time of day")
    return time(int(match[1]), int(match[2]))


def _moment(value: Any) -> float:
    """Unix seconds, of a date with time and zone as TOML has it, or as a text."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise InvalidValue(f"{quoted(value)} is no date with time") from None
    if not isinstance(found, datetime):
        raise InvalidValue(f"{quoted(value)} is no date with time")
    if found.tzinfo is None:
        raise InvalidValue(f"{quoted(value)} does not say its zone")
    return found.timestamp()


def _zone(value: Any) -> tzinfo:
    name = text(at_most=64)(value)
    if name == "UTC":
        return UTC  # known without a database of zones
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValue(f"{quoted(value)} is no zone that this machine knows") from None


NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]*"

POLL: Final = duration(0.1, DAY)
TIMEOUT: Final = duration(0.001, 3600)
SPAN: Final = duration(0)
PROOF: Final = duration(0.1)
PERIOD: Final = duration(1, 366 * DAY)
WINDOW: Final = duration(1)
RETENTION: Final = duration(3600)
COUNT: Final = whole(1, 1000)
BOOL: Final = Rule("true or false", _bool)
TRUE_ONLY: Final = Rule("true", _true_only)
SHARE: Final = Rule('a share from 0% to 100%, as "90%"', _share)
TEXT: Final = Rule("text of at most 4096 characters", text(multi_line=True))
PATH: Final = Rule("an absolute path", _path)
WEIGHT: Final = number(0, 1000)
PER_MINUTE: Final = number(0, 1_000_000)
PERCENT: Final = number(0, 100)
SERVICE_NAME: Final = Rule(
    'a name without project of letters, digits, "_", "." and "-" (the project has a key of its own)',
    matching(NAME, at_most=128),
)
PROJECT_NAME: Final = Rule('letters, digits, "_", "." and "-"', matching(NAME, at_most=128))
CHECK_NAME: Final = Rule('letters, digits, "_", "." and "-", 63 at the most', matching(NAME, at_most=63))
SERVICE: Final = Rule("NAME, PROJECT/NAME or PROJECT/NAME#NUMBER", _service_reference)
SERVICES: Final = listed("a list of NAME or PROJECT/NAME", _service_reference, commas)
PATTERNS: Final = listed('a list of shell patterns, as "shop/*"', text(at_most=256), commas)
TEXTS: Final = listed("a list of texts", text(at_most=1000), commas)
COMMAND: Final = Rule("a program and its arguments as a list, or as one text of words; no shell is run", _command)
DAYS: Final = listed('a list of days, as "sat", "sun"', _day, commas, at_most=7)
HOUR: Final = Rule('a time of day, as "02:30"', _hour)
MOMENT: Final = Rule("a date with time and zone, as 2026-12-24T22:00:00+01:00", _moment)
ZONE: Final = Rule('a zone of the IANA database, as "Europe/Zurich" (the package tzdata has it)', _zone)
LASTS: Final = duration(60.0, 7 * DAY)
LABEL_PATTERNS: Final = Rule(
    'a table of labels, as { team = "web" }, each with a shell pattern',
    table_of("label", text(at_most=256), text(at_most=256), at_most=32),
)
OWNER: Final = Rule("text on one line, 200 characters at the most", text(at_most=200))
LINK: Final = Rule("text on one line without blanks, as a URL", matching(r"\S+", at_most=1024))
RECEIVERS: Final = listed(
    'a list of receivers, as ["mail"]; "files" is always told', matching(NAME, at_most=63), commas
)
PROGRAM: Final = Rule(COMMAND.allowed, _program)
EXIT_CODES: Final = Rule("a whole number from 0 to 255, or a list of these", _exit_codes)
ENVIRONMENT: Final = Rule(
    "a table of names and texts, 64 at the most",
    table_of("variable", matching(r"[A-Za-z_][A-Za-z0-9_]{0,127}"), _variable, at_most=64),
)
USER: Final = Rule(
    'a name or number, perhaps with a group, as "postgres" or "1000:1000"',
    matching(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?", at_most=128),
)
