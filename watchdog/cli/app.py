"""The group of all commands; a command's file is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click

from watchdog import __version__
from watchdog.cli.command import Command, config_option
from watchdog.errors import EXIT_USAGE


class LazyGroup(click.Group):
    """A group whose commands live in modules: name → module with a click command named `command`."""

    def __init__(self, *, modules: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(**attributes, context_settings={"help_option_names": ["-h", "--help"]})
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        module = self.modules.get(cmd_name)
        return import_module(module).command if module else None


def usage_exit(ctx: click.Context | None) -> int:
    """The exit code for wrong arguments of the command that refused them."""
    return ctx.command.usage_exit if ctx and isinstance(ctx.command, Command) else EXIT_USAGE


def _version_option() -> click.Option:
    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
    )


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"watchdog {__version__}")
        ctx.exit()


_HELP: Final = """Watches the services of a Docker engine, brings back what fails or is removed, and proves it.

Without configuration it watches every service that it finds and protects those that it has once proven healthy.
Start with `watchdog check` (looks, touches nothing), then `watchdog run`.
"""

app: Final = LazyGroup(
    name="watchdog",
    help=_HELP,
    epilog="`watchdog COMMAND --help` shows examples and exit codes. Wrong arguments end with 64 (`check`: 3).",
    params=[config_option(), _version_option()],
    modules={
        "run": "watchdog.cli.run",
        "check": "watchdog.cli.check",
        "recover": "watchdog.cli.recover",
        "rollback": "watchdog.cli.rollback",
        "deploy": "watchdog.cli.deploy",
        "deployments": "watchdog.cli.deployments",
        "gate": "watchdog.cli.gate",
        "status": "watchdog.cli.status",
        "journey": "watchdog.cli.journey",
        "incidents": "watchdog.cli.incidents",
        "show": "watchdog.cli.show",
        "pause": "watchdog.cli.pause",
        "resume": "watchdog.cli.resume",
        "retire": "watchdog.cli.retire",
        "heartbeat": "watchdog.cli.heartbeat",
        "silence": "watchdog.cli.silence",
        "unsilence": "watchdog.cli.unsilence",
        "silences": "watchdog.cli.silences",
        "approvals": "watchdog.cli.approvals",
        "approve": "watchdog.cli.approve",
        "reject": "watchdog.cli.reject",
        "alert": "watchdog.cli.alert",
        "ledger": "watchdog.cli.ledger",
        "config": "watchdog.cli.config",
        "healthcheck": "watchdog.cli.healthcheck",
    },
)
