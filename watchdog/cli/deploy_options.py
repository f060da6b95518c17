"""What `deploy` and `deploy begin` have in common: which services, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click


def limit_options() -> list[click.Parameter]:
    return [
        click.Option(["--services"], multiple=True, metavar="NAMES", help="What it may touch, as web,api."),
        click.Option(["--retire"], multiple=True, metavar="NAMES", help="What goes on purpose, and is wanted no more."),
        click.Option(["--excuse"], multiple=True, metavar="NAMES", help="What is not good already, and may stay so."),
        click.Option(["--reason"], default="", metavar="TEXT", help="Why; recorded."),
        click.Option(
            ["--max-services"], type=click.IntRange(min=1), metavar="N", help="Touching more of them rolls back."
        ),
        click.Option(["--max-downtime"], callback=_seconds, metavar="DURATION", help="Of each protected service."),
        click.Option(["--timeout"], callback=_seconds, metavar="DURATION", help="How long the change may take."),
        click.Option(["--soak"], callback=_seconds, metavar="DURATION", help="How long it is watched afterwards."),
    ]


def order_body(options: Mapping[str, Any], by: str, *, command: Sequence[str] = ()) -> dict[str, Any]:
    """The body of the API's call."""
    names = {key: _split(options[key]) for key in ("services", "retire", "excuse")}
    given = {key: options[key] for key in ("reason", "max_services", "max_downtime", "timeout", "soak")}
    return {**names, **given, "by": by, "command": list(command), "wait": not options.get("no_wait", False)}


def _split(given: Sequence[str]) -> list[str]:
    return [name for part in given for name in part.split(",") if name]


def _seconds(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    from watchdog.config.duration import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}.", ctx, parameter) from error
