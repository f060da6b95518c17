"""`watchdog deploy`: a command as a transaction; and what pipelines need that cannot wrap one."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command, api_socket, operator
from watchdog.cli.deploy_options import limit_options, order_body
from watchdog.cli.deploy_pipeline import PIPELINE
from watchdog.cli.terminal import json_option
from watchdog.errors import UsageError

_HELP: Final = """Run a command that changes services as a transaction: what it leaves behind is proven, or rolled back.

Everything that it may touch is saved first, its own validators are asked, and nobody else acts meanwhile. Afterwards
containers, endpoints, journeys and the production URL are validated and watched for a while. A protected service that
is gone and was not named by --retire, or anything else that is worse than before, rolls it back at once.

It is about the services named by --services; else about the Compose project of the command; else about all.
The daemon has to run. Ctrl-C rolls back.
"""

EXITS: Final = MappingProxyType(
    {
        0: "committed: everything is proven",
        1: "rolled back, and what was there before is verified",
        2: "needs a person: see `watchdog deployments`",
        3: "refused before anything was touched, or no daemon runs",
        64: "wrong arguments or configuration; unknown service",
    }
)


class DeployCommand(Command):
    """`deploy [OPTIONS] -- COMMAND…`, and beside it the verbs of pipelines, as `deploy begin`."""

    def __init__(self, *, verbs: Sequence[Command], **attributes: Any) -> None:
        super().__init__("deploy", **attributes)
        self.verbs = {verb.name: verb for verb in verbs}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        verb = self.verbs.get(args[0]) if args and "--" not in args else None
        if verb is None:
            return super().make_context(info_name, args, parent, **extra)
        return verb.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("For pipelines that cannot wrap a command"):
            formatter.write_dl([(f"deploy {name}", verb.get_short_help_str(80)) for name, verb in self.verbs.items()])
        super().format_epilog(ctx, formatter)


def _deploy(*, command: tuple[str, ...], dry_run: bool, as_json: bool, **options: Any) -> int:
    if not command:
        raise click.UsageError("Name the command behind `--`.", click.get_current_context())
    if shutil.which(command[0]) is None:
        raise UsageError(f"The command {command[0]!r} is not found: nothing was touched.")
    return asyncio.run(_carry_out(command, options, dry_run=dry_run, as_json=as_json))


async def _carry_out(command: tuple[str, ...], options: Mapping[str, Any], *, dry_run: bool, as_json: bool) -> int:
    from watchdog.cli.compose_command import read_intent

    reading = asyncio.create_task(read_intent(command, Path.cwd(), os.environ, hashed=dry_run))
    await asyncio.sleep(0)  # Compose reads its files while the rest of this program is loaded
    from watchdog.cli.client import DaemonClient
    from watchdog.cli.deploy_command import Wrapped
    from watchdog.cli.deploy_events import printer

    intent = await reading
    body = order_body(options, operator(), command=command)
    if intent is not None and intent.project:
        body |= {"project": intent.project, "planned": sorted(intent.services)}
    async with DaemonClient(api_socket()) as client:
        if dry_run:
            from watchdog.cli.deploy_rehearsal import rehearse

            return await rehearse(client, body, intent, as_json=as_json)
        return await Wrapped(client, command, printer(as_json=as_json), as_json=as_json).carry_out(body)


command: Final = DeployCommand(
    verbs=PIPELINE,
    help=_HELP,
    short_help="Run a command as a transaction: proven, or rolled back.",
    callback=_deploy,
    params=[
        *limit_options(),
        click.Option(["--no-wait"], is_flag=True, help="Refuse (3) while another deployment is open; else wait."),
        click.Option(["--dry-run"], is_flag=True, help="Print what would be done and asked; touch nothing."),
        json_option("one object per event and line"),
        click.Argument(["command"], nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND..."),
    ],
    exits=EXITS,
    examples=(
        ("watchdog deploy -- docker compose up -d", "the project in this directory"),
        ("watchdog deploy --retire old -- docker compose up -d --remove-orphans", "a service goes on purpose"),
        ("watchdog deploy --services shop/web --soak 2m -- ./deploy.sh", "any command"),
    ),
)
