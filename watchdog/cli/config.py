"""`watchdog config check`: is the configuration right?"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import click

from watchdog.cli.command import Command, settings
from watchdog.cli.terminal import say

_HELP: Final = """Check the configuration file and the environment; each error comes with file, line, key and
what is allowed. Nothing is started and no engine is asked.
"""


def _check() -> int:
    found = settings()
    source = str(found.source) if found.source else "no file, defaults and environment"
    say(f"ok: {source}: {len(found.services)} services and {len(found.endpoints)} endpoints configured.")
    return 0


_check_command: Final = Command(
    "check",
    help=_HELP,
    short_help="Check the configuration.",
    callback=_check,
    params=[],
    exits=MappingProxyType({0: "valid", 64: "wrong configuration or arguments"}),
    examples=(
        ("watchdog config check --config watchdog.toml", "before a reload"),
        ("systemctl reload watchdog", "a wrong file leaves the old one in force"),
    ),
)

command: Final = click.Group(
    "config", help="The configuration.", short_help="Check the configuration.", commands=[_check_command]
)
