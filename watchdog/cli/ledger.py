"""`watchdog ledger verify`: is the record what was written?"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import click

from watchdog.cli.command import Command, settings
from watchdog.cli.terminal import json_option, print_json, say

_HELP: Final = """Check the ledger's hash chain and name the first row that is not what was written.

Without an anchor, a rewrite of the whole chain or a cut at its end by somebody with write access cannot be seen. An
anchor is the hash of a head that was noted elsewhere: `watchdog status`, the journal and alerts print it.
"""


def _verify(*, anchor: str | None, as_json: bool) -> int:
    from watchdog.ledger import LedgerReader

    with LedgerReader.open(settings().state.dir) as ledger:
        found = ledger.verify(anchor)
    if as_json:
        print_json({"intact": found.intact, "rows": found.rows, "head": found.head, "first_bad": found.first_bad})
    else:
        say(found.sentence)
    return 0 if found.intact else 1


_verify_command: Final = Command(
    "verify",
    help=_HELP,
    short_help="Check the hash chain.",
    callback=_verify,
    params=[
        click.Option(["--anchor"], metavar="HASH", help="A head noted earlier: finds truncation as well."),
        json_option("one object"),
    ],
    exits=MappingProxyType(
        {
            0: "intact",
            1: "not intact, or the ledger cannot be read",
            64: "wrong arguments or configuration",
        }
    ),
    examples=(
        ("watchdog ledger verify", "the chain alone"),
        ("watchdog ledger verify --anchor 3f9a…", "against a head noted elsewhere"),
    ),
)

command: Final = click.Group(
    "ledger",
    help="The append-only record of all that was seen, decided and done.",
    short_help="Check the record of all that was done.",
    commands=[_verify_command],
)
