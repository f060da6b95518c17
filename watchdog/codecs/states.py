"""What checks and those who call in were like, for a daemon that comes later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from watchdog.codecs.shape import SPACED, Form, Key, Shape, by_name, perhaps
from watchdog.policy.flapping import Flaps
from watchdog.policy.heartbeat import Heart
from watchdog.policy.signatures import ErrorSeen, KnownErrors

_SECONDS: Final = Form(read=float)


def _rounded(seconds: float) -> float:
    return round(seconds, 3)


def _write_seen(seen: ErrorSeen) -> list[float]:
    return [_rounded(seen.first), _rounded(seen.last)]


def _read_seen(raw: Sequence[Any]) -> ErrorSeen:
    first, last = raw
    return ErrorSeen(float(first), float(last))


HEART: Final = Shape(
    Heart,
    Key("since", _SECONDS),
    Key("called_at", perhaps(_SECONDS), always=True),
    Key("exit_code", Form(read=int), always=True),
    Key("message", Form(read=str), always=True),
    ignores_more=True,
    separators=SPACED,
)

ERRORS: Final = Shape(
    KnownErrors,
    Key("learn_until", Form(_rounded, float)),
    Key("seen", by_name(Form(_write_seen, _read_seen)), always=True),
    ignores_more=True,
    separators=SPACED,
)

FLAPS: Final = Shape(Flaps, "good", "changes", "flapping", "bad_since", "longest_bad")


def write_flaps(known: Mapping[str, Flaps]) -> str:
    """Of the checks of one subject, by name."""
    return json.dumps({name: FLAPS.write(flaps) for name, flaps in known.items()})


def read_flaps(text: str) -> dict[str, Flaps]:
    """What `write_flaps` wrote; nothing where it is something else."""
    try:
        return {name: FLAPS.read(raw) for name, raw in json.loads(text).items()}
    except (ValueError, AttributeError):
        return {}
