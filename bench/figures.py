"""Percentiles and tables of what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that `share` of all are not above; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def row(name: str, seconds: Sequence[float]) -> str:
    """One line of a table: rounds, then p50, p95, p99 and the largest, in milliseconds."""
    figures = [percentile(seconds, share) for share in (0.5, 0.95, 0.99, 1.0)]
    return f"{name:44}{len(seconds):>7}" + "".join(f"{figure * 1000:>10.1f}" for figure in figures)


HEAD = f"{'milliseconds':44}{'rounds':>7}{'p50':>10}{'p95':>10}{'p99':>10}{'max':>10}"
