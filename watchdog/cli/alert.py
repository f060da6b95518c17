"""`watchdog alert test`: does an alert arrive?"""

from __future__ import annotations

import asyncio
import time
from types import MappingProxyType
from typing import Final

import click

from watchdog.cli.command import Command, settings
from watchdog.cli.terminal import say
from watchdog.model.settings import ReceiverSettings

_HELP: Final = """Send a test alert to every configured receiver, or to RECEIVER, and say what came of each.

It goes out from here, once and at once, whether a daemon runs or not: what waits for a receiver stays as it is. An
Alertmanager takes it to fire for five minutes.
"""


def _test(receiver: str | None) -> int:
    configured = settings().alert.receivers
    chosen = [one for one in configured if receiver in {None, one.name}]
    if receiver is not None and not chosen:
        known = ", ".join(one.name for one in configured) or "none"
        raise click.BadParameter(f"no receiver is called {receiver}; configured: {known}.", param_hint="RECEIVER")
    if not chosen:
        say("No receiver is configured: alerts go to files only. Add one as [[alert.receiver]].")
        return 1
    outcomes = asyncio.run(_all(chosen))
    for one, failure in zip(chosen, outcomes, strict=True):
        say(f"{one.name}: {'delivered' if failure is None else f'failed: {failure}'}")
    return 0 if all(failure is None for failure in outcomes) else 1


async def _all(receivers: list[ReceiverSettings]) -> list[str | None]:
    from watchdog.alerts.trial import try_receiver

    return await asyncio.gather(*(try_receiver(one, time.time()) for one in receivers))


_test_command: Final = Command(
    "test",
    help=_HELP,
    short_help="Send a test alert.",
    callback=_test,
    params=[click.Argument(["receiver"], required=False)],
    exits=MappingProxyType({0: "every receiver took it", 1: "one did not, or there is none", 64: "wrong arguments"}),
    examples=(
        ("watchdog alert test", "after every change of [[alert.receiver]]"),
        ("watchdog alert test mail", "only the one with this name"),
    ),
)

command: Final = click.Group("alert", help="Alerts.", short_help="Send a test alert.", commands=[_test_command])
