"""`watchdog silence`: nobody is told of something until a time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from watchdog.cli.command import Command, operator
from watchdog.cli.orders import EXITS, duration_option, give, reason_option

if TYPE_CHECKING:
    from watchdog.api.doors import Target

_HELP: Final = """Let nobody be told of a service, an endpoint, `engine`, `observer`, a project or anything for a while.

It is still watched and recovered; the files in the state directory still say it. When the silence ends and it is still
broken, the alert goes out then. That something is over is told even so to whoever was told of it.
"""


def target_params() -> list[click.Parameter]:
    """Exactly one of them says what is meant."""
    return [
        click.Argument(["name"], metavar="[NAME]", required=False),
        click.Option(["--project"], metavar="P", help="Every service of this Compose project."),
        click.Option(["--all", "everything"], is_flag=True, help="Everything."),
    ]


def target_of(given: Mapping[str, Any]) -> Target:
    """Raises click.UsageError where not exactly one is given."""
    from watchdog.api.doors import Target

    if sum((given["name"] is not None, given["project"] is not None, given["everything"])) != 1:
        raise click.UsageError("Name either one thing, or --project, or --all.", click.get_current_context())
    return Target(name=given["name"], project=given["project"], everything=given["everything"])


def _silence(*, seconds: float, reason: str, **given: Any) -> int:
    target = target_of(given)
    return give(lambda door: door.silence(target, seconds, reason, operator()))


command: Final = Command(
    "silence",
    help=_HELP,
    short_help="Let nobody be told of something for a while.",
    callback=_silence,
    params=[*target_params(), duration_option("a silence"), reason_option("Why; shown while the silence lasts.")],
    exits=MappingProxyType(dict(EXITS)),
    examples=(
        ('watchdog silence shop/webui --for 2h --reason "known, fixed tomorrow"', "one service"),
        ('watchdog silence --project shop --for 30m --reason "moving"', "a whole project"),
        ("watchdog unsilence shop/webui", "end it sooner"),
    ),
)
