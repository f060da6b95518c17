"""A row of small line charts as SVG: enough to see whether something grows in proportion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 44
INK, PALE, LINE = "#222", "#bbb", "#06c"
STEPS = (1, 2, 2.5, 5, 10)
MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: points (x, y), and in grey the straight line from zero that fits them best."""

    title: str
    x: str
    points: Sequence[tuple[float, float]]

    @property
    def slope(self) -> float:
        """Least squares through the origin."""
        return sum(x * y for x, y in self.points) / sum(x * x for x, _ in self.points)


def plot(panels: Sequence[Panel]) -> str:
    """The SVG document."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(panels)} {HEIGHT}">',
        "<style>text { font: 11px sans-serif }</style>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for index, panel in enumerate(panels):
        parts += [f'<g transform="translate({index * WIDTH} 0)">', *_drawn(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _drawn(panel: Panel) -> list[str]:
    right = max(x for x, _ in panel.points)
    top = max(*(y for _, y in panel.points), panel.slope * right)
    x_ticks, y_ticks = ticks(right), ticks(top)
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + across * x / x_ticks[-1], TOP + up * (1 - y / y_ticks[-1])

    parts = [f'<text x="{LEFT}" y="18" font-weight="bold" fill="{INK}">{panel.title}</text>']
    for tick in x_ticks:
        x, y = at(tick, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 15:.1f}" text-anchor="middle" fill="{INK}">{tick:g}</text>')
    for tick in y_ticks:
        x, y = at(0, tick)
        parts.append(f'<path d="M{x:.1f} {y:.1f}h{across}" stroke="{PALE}" stroke-width="0.5"/>')
        parts.append(f'<text x="{x - 5:.1f}" y="{y + 4:.1f}" text-anchor="end" fill="{INK}">{tick:g}</text>')
    middle = LEFT + across / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="{INK}">{panel.x}</text>')
    (x0, y0), (x1, y1) = at(0, 0), at(right, panel.slope * right)
    parts.append(f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" stroke="{PALE}" stroke-dasharray="4 3"/>')
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in panel.points))
    parts.append(f'<polyline points="{corners}" fill="none" stroke="{LINE}" stroke-width="1.5"/>')
    dots = [at(*point) for point in panel.points]
    return [*parts, *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{LINE}"/>' for x, y in dots)]


def ticks(largest: float) -> list[float]:
    """From 0 to at least `largest`, in round steps."""
    magnitude = 10.0 ** (len(f"{int(largest)}") - 3)
    while True:
        for step in (magnitude * factor for factor in STEPS):
            count = -(-largest // step)
            if count <= MOST_TICKS:
                return [round(step * number, 9) for number in range(int(count) + 1)]
        magnitude *= 10
