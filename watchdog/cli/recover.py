"""`watchdog recover`: bring services back now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from watchdog.cli.command import Command, operator
from watchdog.cli.doors import order_door
from watchdog.cli.progress import Printer, printer_for
from watchdog.model.record import Rung

if TYPE_CHECKING:
    from watchdog.api.doors import RecoverOrder

_GOOD: Final = frozenset({"recovered", "healthy"})

_HELP: Final = """Bring services back now, roots first, and verify them; a service that is healthy is left alone.

The running daemon does it; without one, this command becomes the daemon for its duration, under the same lock. It is
recorded as yours and spends no automatic budget; a service in quarantine may be recovered.

SERVICE is `webui` or `shop/webui`.
"""


def _recover(
    services: tuple[str, ...],
    *,
    project: str | None,
    everything: bool,
    action: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    if sum((bool(services), project is not None, everything)) != 1:
        raise click.UsageError("Name either services, or --project, or --all.", click.get_current_context())
    rung = Rung(action) if action else None
    return order_recovery(
        services, project=project, everything=everything, action=rung, dry_run=dry_run, as_json=as_json
    )


def order_recovery(
    services: tuple[str, ...],
    *,
    project: str | None = None,
    everything: bool = False,
    action: Rung | None,
    baseline: int | None = None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Gives the order to the daemon, or to its twin for one order, and tells how it goes; the exit code."""
    from watchdog.api.doors import RecoverOrder

    order = RecoverOrder(
        services=services,
        project=project,
        everything=everything,
        action=action,
        baseline=baseline,
        dry_run=dry_run,
        by=operator(),
    )
    return asyncio.run(_carry_out(order, as_json=as_json))


async def _carry_out(order: RecoverOrder, *, as_json: bool) -> int:
    outcomes: list[str] = []
    with printer_for(as_json=as_json) as printer:
        async with order_door() as door:
            async for event in door.recover(order):
                _tell(printer, event)
                if event["event"] == "result":
                    outcomes.append(event["outcome"])
        if not outcomes and not order.dry_run:
            printer.nothing()
    return 0 if _GOOD.issuperset(outcomes) else 1


def _tell(printer: Printer, event: Mapping[str, Any]) -> None:
    match event["event"]:
        case "order":
            printer.order(event)
        case "plan":
            printer.plan(event)
        case "progress":
            printer.progress(event)
        case _:
            printer.result(event)


command: Final = Command(
    "recover",
    help=_HELP,
    short_help="Bring services back now and verify them.",
    callback=_recover,
    params=[
        click.Argument(["services"], nargs=-1, metavar="[SERVICE]..."),
        click.Option(["--project"], metavar="P", help="Every protected service of this Compose project."),
        click.Option(["--all", "everything"], is_flag=True, help="Every protected service."),
        click.Option(
            ["--action"],
            type=click.Choice([Rung.RESTART.value, Rung.RECREATE.value, Rung.ROLLBACK.value]),
            help="This rung of the ladder instead of the one that the cause asks for.",
        ),
        click.Option(["--dry-run"], is_flag=True, help="Print the plan with its causes; change nothing."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object per service and line."),
    ],
    exits=MappingProxyType(
        {
            0: "recovered and verified, or healthy already",
            1: "not recovered",
            3: "engine away",
            64: "wrong arguments or configuration; unknown or ambiguous service (candidates are listed)",
        }
    ),
    examples=(
        ("watchdog recover shop/webui", "one service"),
        ("watchdog recover --project shop --dry-run", "what would be done, and why"),
        ("watchdog recover webui --action rollback", "back to the last proven deployment"),
    ),
)
