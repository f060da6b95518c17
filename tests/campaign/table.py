"""What a campaign found, a line for each kind of fault."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.figures import percentile
from tests.campaign.faults import OF_NOBODY, Kind
from tests.campaign.play import Played, Times

COUNTS = ("injected", "detected", "recovered", "missed", "false", "twice")
SHARES = {"p50": 0.5, "p95": 0.95, "max": 1.0}
LEDGERS: dict[str, Callable[[Times], float | None]] = {
    "detected after [s]": lambda times: times.detection,
    "recovered after [s]": lambda times: times.recovery,
}
"""From the failure to the incident, and from that to its verified end."""
OUTSIDE: dict[str, Callable[[Times], float | None]] = {
    "published, seen from outside": lambda times: times.shown,
    "back, seen from outside": lambda times: times.back,
}
"""Both from the fault."""
WIDTH = 34
GROUP = 8 * len(SHARES) + 3


@dataclass(slots=True)
class Line:
    """Sums of one kind of fault. What goes wrong counts for the round's first fault, whose round it is."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    times: list[Times] = field(default_factory=list[Times])

    def add(self, played: Played, kind: Kind) -> None:
        faults = [fault for fault in played.injected if fault.kind is kind]
        hit = [one.key for fault in faults for one in fault.targets]
        if kind in OF_NOBODY:
            hit = list(played.recovered) if len(played.injected) == 1 else []
        self.counts["injected"] += len(faults)
        self.counts["detected"] += sum(played.detected.get(key, False) for key in hit)
        self.counts["recovered"] += sum(played.recovered.get(key, False) for key in hit)
        self.times += [played.times[key] for key in hit if key in played.times]
        if played.round.faults[0].kind is kind:
            self.counts["missed"] += len(played.verdict.missed)
            self.counts["false"] += len(played.verdict.false)
            self.counts["twice"] += len(played.verdict.twice)

    def plus(self, other: Line) -> Line:
        counts = {name: count + other.counts[name] for name, count in self.counts.items()}
        return Line(counts, self.times + other.times)

    @property
    def good(self) -> bool:
        return not (self.counts["missed"] or self.counts["false"] or self.counts["twice"])

    def figures(self, of: Callable[[Times], float | None]) -> str:
        """p50, p95 and the largest; dashes where nothing was measured."""
        seconds = [value for value in map(of, self.times) if value is not None]
        return "   " + "".join(f"{_figure(percentile(seconds, share)):>8}" for share in SHARES.values())


def lines_of(played: Iterable[Played]) -> dict[Kind, Line]:
    """A line for each kind that was injected."""
    lines: dict[Kind, Line] = {}
    for one in played:
        for kind in dict.fromkeys(fault.kind for fault in one.round.faults):
            lines.setdefault(kind, Line()).add(one, kind)
    return {kind: lines[kind] for kind in Kind if kind in lines}


def total(lines: Iterable[Line]) -> Line:
    summed = Line()
    for line in lines:
        summed = summed.plus(line)
    return summed


def table(lines: dict[Kind, Line]) -> str:
    """Counts and seconds by kind; below, of all together, how long things took for whoever looks from outside."""
    summed = total(lines.values())
    named = [*((kind.value, line) for kind, line in lines.items()), ("total", summed)]
    groups = "".join(f"{name:>{GROUP}}" for name in LEDGERS)
    shares = "   " + "".join(f"{name:>8}" for name in SHARES)
    rows = [f"{'':{WIDTH + 10 * len(COUNTS)}}{groups}", _counts("fault", COUNTS) + shares * len(LEDGERS)]
    for name, line in named:
        rows.append(_counts(name, line.counts.values()) + "".join(map(line.figures, LEDGERS.values())))
    rows.append("")
    rows += [f"{f'{name} [s]':{WIDTH}}{summed.figures(of)}" for name, of in OUTSIDE.items()]
    return "\n".join(rows)


def _counts(name: str, counts: Iterable[object]) -> str:
    return f"{name:{WIDTH}}" + "".join(f"{one:>10}" for one in counts)


def _figure(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds:.2f}"
