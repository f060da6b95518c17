"""Will it be used up, and when, if it goes on like this?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FEWEST: Final = 12
"""Samples below which nothing is said."""
FIT: Final = 0.8
"""The least coefficient of determination (R²) of a line that is believed: what saws up and down has none such."""
REACH: Final = 12
"""A trend is carried on for so many times the span that was seen, and no further."""


def exhausted_in(samples: Sequence[tuple[float, float]], limit: float, within: float) -> float | None:
    """Seconds after the last sample (time, amount used) until a line through all of them comes to the limit.

    None where that is later than `within`, or nothing can be said: too few samples, too short a span, a bad fit, or
    no growth. Least squares: slope = Σ(t-t̄)(y-ȳ) / Σ(t-t̄)², R² = (Σ(t-t̄)(y-ȳ))² / (Σ(t-t̄)² Σ(y-ȳ)²)
    (https://en.wikipedia.org/wiki/Simple_linear_regression).
    """
    if len(samples) < FEWEST or (samples[-1][0] - samples[0][0]) * REACH < within:
        return None
    mean_at = sum(at for at, _ in samples) / len(samples)
    mean = sum(used for _, used in samples) / len(samples)
    together = sum((at - mean_at) * (used - mean) for at, used in samples)
    spread_at = sum((at - mean_at) ** 2 for at, _ in samples)
    spread = sum((used - mean) ** 2 for _, used in samples)
    if together <= 0 or together**2 < FIT * spread_at * spread:
        return None
    now = mean + together / spread_at * (samples[-1][0] - mean_at)
    left = max(0.0, (limit - now) * spread_at / together)
    return left if left <= within else None
