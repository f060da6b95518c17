"""`watchdog rollback SERVICE`: back to a deployment that was proven."""

from __future__ import annotations

from typing import Final

import click

from watchdog.cli.command import Command
from watchdog.cli.orders import service_argument
from watchdog.cli.recover import order_recovery
from watchdog.cli.terminal import json_option
from watchdog.model.record import Rung

_HELP: Final = """Bring a service back to a deployment that was proven healthy, and verify it.

Without --to it is the newest that differs from what is there. The container that is there is kept until the other one
is verified. With --dry-run the plan is printed; a number that does not exist lists those that do.
"""


def _rollback(*, service: str, to: int | None, dry_run: bool, as_json: bool) -> int:
    return order_recovery((service,), action=Rung.ROLLBACK, baseline=to, dry_run=dry_run, as_json=as_json)


command: Final = Command(
    "rollback",
    help=_HELP,
    short_help="Bring a service back to a proven deployment.",
    callback=_rollback,
    params=[
        service_argument(),
        click.Option(["--to"], type=click.IntRange(1, 100), metavar="N", help="Which one, 1 for the newest proven."),
        click.Option(["--dry-run"], is_flag=True, help="Print the plan; change nothing."),
        json_option("one object"),
    ],
    exits={
        0: "rolled back and verified",
        1: "not rolled back",
        3: "engine away",
        64: "wrong arguments or configuration; unknown service; no such deployment",
    },
    examples=(
        ("watchdog rollback shop/webui", "to the newest proven deployment that differs"),
        ("watchdog rollback shop/webui --to 3 --dry-run", "the plan for the third newest"),
    ),
)
