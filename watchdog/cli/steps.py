"""A journey step by step: what was asked, what was answered, what was captured, what failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import click

from watchdog.cli.terminal import Table, show
from watchdog.cli.text import printable, span

_UNKNOWN: Final = "no answer"


def print_steps(steps: Sequence[Mapping[str, Any]]) -> None:
    """The steps as a table; then the requests and answers of those that failed, in full.

    `steps` have the shape of `model.views.steps_json`.
    """
    show(Table(("step", "verdict", "took", "what happened"), tuple(_row(step) for step in steps)))
    for step in steps:
        if step["verdict"] == "fail":
            click.echo()
            for line in _evidence(step):
                click.echo(printable(line))


def _row(step: Mapping[str, Any]) -> tuple[str, ...]:
    parts = [
        ", ".join(f"{one['method']} {_path(one['url'])} → {one['status'] or _UNKNOWN}" for one in step["exchanges"])
    ]
    if step["captured"]:
        parts.append(f"captured {', '.join(step['captured'])}")
    if step["attempts"] > 1:
        parts.append(f"{step['attempts']} attempts")
    if step["verdict"] != "pass":
        parts.append(step["reason"])
    return step["step"], step["verdict"], span(step["seconds"]), "; ".join(part for part in parts if part)


def _evidence(step: Mapping[str, Any]) -> Iterator[str]:
    for one in step["exchanges"]:
        yield f"{step['step']}: {one['method']} {one['url']}"
        yield from (f"    {name}: {value}" for name, value in one["sent"].items())
        if one["body"]:
            yield f"    {one['body']}"
        yield f"  → {one['status'] or _UNKNOWN} in {span(one['seconds'])}"
        yield from (f"    {name}: {value}" for name, value in one["received"].items())
        if one["answer"]:
            yield f"    {one['answer']}"


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
