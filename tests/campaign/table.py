"""What a campaign found, a line for each kind of fault."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.figures import percentile
from tests.campaign.faults import OF_NOBODY, Kind
from tests.campaign.play import Played, Times

COUNTS = ("injected", "detected", "recovered", "missed", "false", "twice")
SHARES = (0.5, 0.95, 1.0)
MEASURES: dict[str, Callable[[Times], float | None]] = {
    "detected, by the ledger": lambda times: times.detection,
    "published, from outside": lambda times: times.shown,
    "recovered, by the ledger": lambda times: times.recovery,
    "back, from outside": lambda times: times.back,
}
WIDTH = 34


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
    """Counts, then p50, p95 and the largest of each measure, in seconds; a dash where nothing was measured."""
    rows = [_row("fault", COUNTS, ())]
    named = [*((kind.value, line) for kind, line in lines.items()), ("total", total(lines.values()))]
    rows += [_row(name, [str(count) for count in line.counts.values()], ()) for name, line in named]
    for measure, of in MEASURES.items():
        rows += ["", _row(f"{measure} [s]", ("measured",), ("p50", "p95", "max"))]
        for name, line in named:
            seconds = [value for value in map(of, line.times) if value is not None]
            shown = [_figure(percentile(seconds, share)) for share in SHARES]
            rows.append(_row(name, (str(len(seconds)),), shown))
    return "\n".join(rows)


def _row(name: str, counts: Iterable[str], figures: Iterable[str]) -> str:
    return f"{name:{WIDTH}}" + "".join(f"{one:>10}" for one in counts) + "".join(f"{one:>9}" for one in figures)


def _figure(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds:.3f}"
