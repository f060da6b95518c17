"""Is the one value that came back the expected one?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from watchdog.model.observation import Scalar
from watchdog.policy.comparison import as_number, shown
from watchdog.probes.ask import AnyAsk, FailureKind, ProbeFailure
from watchdog.probes.evaluation import Evaluation

LONGEST: Final = 10_000
"""Characters of a value that are compared."""


async def expect_value(
    ask: AnyAsk, evaluation: Evaluation, what: str, value: Any, expect: str | None, *, whole: Any = None
) -> str:
    """The sentence of a PASS; raises ProbeFailure. `whole` is what a percentage is of."""
    remote, scalar = ask.evidence["remote"], as_scalar(value)
    ask.evidence["value"] = scalar[:LONGEST] if isinstance(scalar, str) else scalar
    if expect is not None:
        wrong = await evaluation.wrong(ask, expect, scalar, as_number(as_scalar(whole)))
        if wrong is not None:
            raise ProbeFailure(FailureKind.VALUE, f"{what} of {remote}: {wrong}")
    return f"{remote} answers {what} with {shown(scalar)}"


def as_scalar(value: Any) -> Scalar:
    """A value of a database as comparisons know it: exact numbers as floats, durations as seconds, the rest as text."""
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case str():
            return value[:LONGEST]
        case list() | tuple() | dict() | set():
            raise ProbeFailure(FailureKind.VALUE, "the answer is not a single value: ask for one")
        case _:
            return str(value)[:LONGEST]
