"""Printing: tables and colours on a terminal, aligned text elsewhere, JSON where it is asked for."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from watchdog.cli.text import aligned, printable

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Final = MappingProxyType(
    {
        "healthy": "green",
        "done": "green",
        "pass": "green",
        "ok": "bold green",
        "recovered": "green",
        "closed": "green",
        "starting": "cyan",
        "paused": "cyan",
        "degraded": "yellow",
        "warning": "bold yellow",
        "unknown": "magenta",
        "open": "red",
        "missing": "bold red",
        "unhealthy": "bold red",
        "fail": "bold red",
        "failed": "bold red",
        "refused": "bold red",
        "critical": "bold red",
    }
)


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text; a cell that is one of the words above is coloured by it on a terminal."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def on_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def console() -> Console:
    """A console on standard output; rich itself honours NO_COLOR."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False)


def show(table: Table) -> None:
    """Print a table: ruled and coloured on a terminal, aligned columns under capitals elsewhere."""
    rows = [tuple(printable(cell) for cell in row) for row in table.rows]
    if not on_terminal():
        click.echo(aligned([tuple(heading.upper() for heading in table.headings), *rows]))
        return
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    ruled = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in table.headings:
        ruled.add_column(heading, overflow="fold")
    for row in rows:
        ruled.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    console().print(ruled)


def say(sentence: str, live: Console | None = None) -> None:
    """Print one sentence; its first word is coloured on a terminal when it is a word of the state.

    `live` is the console of a live line, above which the sentence is printed.
    """
    sentence = printable(sentence)
    if not on_terminal():
        click.echo(sentence)
        return
    from rich.text import Text

    word = sentence.split(":", 1)[0]
    text = Text.assemble((word, _STYLES.get(word, "")), sentence[len(word) :])
    (live or console()).print(text, soft_wrap=True)


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print one JSON value on one line, so that several of them are NDJSON."""
    click.echo(json.dumps(document, ensure_ascii=False))


def json_option(what: str) -> click.Option:
    return click.Option(["--json", "as_json"], is_flag=True, help=f"Print {what} as JSON.")
