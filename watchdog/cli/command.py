"""What all commands share: help that teaches, `--config`, and their exit codes."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from watchdog.errors import EXIT_USAGE, WatchdogError

if TYPE_CHECKING:
    from watchdog.model.settings import Settings

_CONFIG: Final = "watchdog.config"
_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command whose help shows examples and exit codes.

    `remap` turns the exit code of a WatchdogError into the one that this command promises; `usage_exit` is
    its exit code for wrong arguments.
    """

    def __init__(
        self,
        name: str | None,
        *,
        exits: Mapping[int, str],
        examples: Sequence[tuple[str, str]] = (),
        remap: Mapping[int, int] | None = None,
        usage_exit: int = EXIT_USAGE,
        **attributes: Any,
    ) -> None:
        super().__init__(name, context_settings=_CONTEXT, **attributes)
        self.exits = exits
        self.examples = examples
        self.remap = remap or {}
        self.usage_exit = usage_exit
        self.params.append(config_option())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(self.examples))
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in self.exits.items()])
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WatchdogError as error:
            error.exit_code = self.remap.get(error.exit_code, error.exit_code)
            raise


def config_option() -> click.Option:
    """`--config PATH`: accepted before and after the name of the command."""
    return click.Option(
        ["--config"],
        type=click.Path(path_type=Path),
        metavar="PATH",
        expose_value=False,
        callback=_remember,
        help="Configuration file; else WATCHDOG_CONFIG, else /etc/watchdog/config.toml where it exists.",
    )


def _remember(ctx: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.meta[_CONFIG] = path


def config_path() -> Path | None:
    """The file named by `--config`, None when it was not given."""
    return click.get_current_context().meta.get(_CONFIG)


def settings() -> Settings:
    """The configuration in force for this command; raises ConfigurationError."""
    from watchdog.config.load import load_settings

    return load_settings(config_path(), os.environ)


def api_socket() -> Path:
    """Where the daemon of this command answers; raises ConfigurationError."""
    from watchdog.config import door

    return door.api_socket(config_path(), os.environ)


def operator() -> str:
    """Who gives an order: the person behind sudo, else the user."""
    return os.environ.get("SUDO_USER") or getpass.getuser()
