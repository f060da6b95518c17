"""`watchdog gate NAME`: one gate by itself, for any pipeline."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command, api_socket
from watchdog.cli.terminal import json_option, print_json, say
from watchdog.model.deployment import Gate

_HELP: Final = """Ask one gate and print its evidence; nothing is touched.

preflight: engine, disks, certificates, open incidents, all protected services. baseline: whether everything protected
can be saved so that it can be brought back. infrastructure: containers run and are healthy. application: the checks of
services. journeys: what a person does. production: endpoints that belong to no service, as users reach them.

A gate that has nothing to check fails: nothing is proven.
"""
_PATIENCE: Final = 3600.0
"""Seconds: its checks have time limits of their own."""


def _gate(*, name: str, services: tuple[str, ...], as_json: bool) -> int:
    result = asyncio.run(_ask(name, services))
    if as_json:
        print_json(result)
    else:
        from watchdog.cli.deploy_events import gate_lines

        for line in gate_lines(result):
            say(line)
        if not result["proofs"]:
            say("Nothing is proven: configure a check for it (docs/deployments.md).")
    return 0 if result["passed"] else 1


async def _ask(name: str, services: tuple[str, ...]) -> dict[str, Any]:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await client.post(f"/api/v1/gates/{name}", {"services": list(services)}, silence=_PATIENCE)


command: Final = Command(
    "gate",
    help=_HELP,
    short_help="Ask one gate of a deployment by itself.",
    callback=_gate,
    params=[
        click.Argument(["name"], type=click.Choice([gate.value for gate in Gate])),
        click.Option(["--service", "services"], multiple=True, metavar="NAME", help="Only these; else all protected."),
        json_option("the gate and its proofs"),
    ],
    exits=MappingProxyType(
        {0: "passed", 1: "failed, or it has nothing to check", 3: "no daemon runs, or the engine is away", 64: "usage"}
    ),
    examples=(("watchdog gate preflight && ./deploy.sh", "may it begin?"), ("watchdog gate journeys", "does it work?")),
)
