"""`watchdog check`: one look at containers and endpoints, without a daemon and without touching anything."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Final

import click

from watchdog.cli.command import Command, settings
from watchdog.cli.report import print_report
from watchdog.cli.terminal import json_option, print_json
from watchdog.model.health import Status

_HELP: Final = """Look once at containers and endpoints, with evidence; nothing is touched, no daemon is needed.

The engine is compared with the ledger (read-only), the configuration and, where they can be read, the Compose files
that labels name. A service of which none of these says that it should exist is listed as "absence not judged".

SERVICE is `webui` or `shop/webui`; without one, everything is looked at.
"""

_EXITS: Final = MappingProxyType(
    {
        Status.OK.exit_code: "ok",
        Status.WARNING.exit_code: "warning: degraded, starting or paused",
        Status.CRITICAL.exit_code: "critical: missing or unhealthy",
        Status.UNKNOWN.exit_code: (
            "cannot be judged: engine away, wrong configuration, wrong arguments, with --strict also "
            "absence not judged; 2 wins over 3, 3 over 1"
        ),
    }
)


def _check(services: tuple[str, ...], *, strict: bool, as_json: bool) -> int:
    configured = settings()
    from watchdog.daemon.oneshot import look

    snapshot = asyncio.run(look(configured, services)).as_json()
    status = Status(snapshot["status"])
    if strict and snapshot["absence_not_judged"] and status is not Status.CRITICAL:
        status = Status.UNKNOWN
        snapshot["status"] = status.value
    if as_json:
        print_json(snapshot)
    else:
        print_report(snapshot)
    return status.exit_code


command: Final = Command(
    "check",
    help=_HELP,
    short_help="Look once at containers and endpoints; touch nothing.",
    callback=_check,
    params=[
        click.Argument(["services"], nargs=-1, metavar="[SERVICE]..."),
        click.Option(["--strict"], is_flag=True, help="Absence that cannot be judged makes the exit code 3."),
        json_option("one object (docs/status.schema.json)"),
    ],
    exits=_EXITS,
    examples=(
        ("watchdog check", "everything, as a table"),
        ("watchdog check shop/webui", "one service"),
        ("watchdog check --strict --json", "for a scheduler: nothing may stay unjudged"),
    ),
    remap=MappingProxyType({1: 3, 64: 3}),
    usage_exit=Status.UNKNOWN.exit_code,
)
