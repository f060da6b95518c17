"""Percentiles and markdown tables of what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ROUNDS_FOR_P99 = 300
"""With fewer rounds a p99 is the luck of the two or three slowest: it is not quoted."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of a table: whose times, in seconds, of every round."""

    name: str
    seconds: Sequence[float]

    @property
    def p50(self) -> float:
        return percentile(self.seconds, 0.5)

    def __str__(self) -> str:
        """Rounds, then p50, p95, p99 and the largest, in milliseconds."""
        figures = [percentile(self.seconds, share) for share in (0.5, 0.95, 0.99, 1.0)]
        cells = [f"{figure * 1000:.0f}" for figure in figures]
        if len(self.seconds) < ROUNDS_FOR_P99:
            cells[2] = "-"
        return f"| {self.name} | {len(self.seconds)} | {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Ratio:
    """How the medians of two lines compare, and what was aimed at."""

    measured: Measured
    beside: Measured
    aim: str = ""

    def __str__(self) -> str:
        return f"- {self.measured.name} ÷ {self.beside.name}, p50: {self.measured.p50 / self.beside.p50:.2f}{self.aim}"


@dataclass(frozen=True, slots=True)
class Table:
    """What one scenario measured."""

    title: str
    lines: Sequence[Measured]
    ratios: Sequence[Ratio]

    def __str__(self) -> str:
        head = ["| milliseconds | rounds | p50 | p95 | p99 | max |", "|---|---|---|---|---|---|"]
        return "\n".join(["", f"### {self.title}", *head, *map(str, self.lines), "", *map(str, self.ratios)])


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that `share` of all are not above; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
