"""How a deployment is told: sentences for people, one JSON object per event for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from watchdog.cli.terminal import print_json
from watchdog.cli.text import printable, span
from watchdog.model.deployment import Stage

Event = Mapping[str, Any]
EventPrinter = Callable[[Event], None]
_ALL_PROOFS: Final = 20
"""Of a gate that passed; of one that failed, those that did not pass."""
_UNTOLD: Final = frozenset({"waiting"})


def printer(*, as_json: bool, to_stderr: bool = False) -> EventPrinter:
    """`to_stderr`: standard output is for what a pipeline reads."""
    if as_json:
        return _print_json
    return lambda event: _print(event, to_stderr=to_stderr)


def _print_json(event: Event) -> None:
    if event["event"] not in _UNTOLD:
        print_json({key: value for key, value in event.items() if key != "environment"})
        sys.stdout.flush()


def _print(event: Event, *, to_stderr: bool) -> None:
    for line in lines(event):
        click.echo(printable(line), err=to_stderr)
    (sys.stderr if to_stderr else sys.stdout).flush()


def lines(event: Event) -> list[str]:
    """What a person reads of an event."""
    match event["event"]:
        case "deployment":
            return [f"Deployment {event['id']} of {event['scope']}"]
        case "gate":
            return gate_lines(event)
        case "announced":
            return [f"  validator {one['validator']}: {one['because']}" for one in event["confirmations"]]
        case "touched" | "restore":
            return [f"  {event['service']}: {event['sentence']}"]
        case "scaled":
            return [f"  scaled down: {', '.join(event['services'])}"]
        case "stage" if event["stage"] == Stage.ROLLING_BACK:
            return []  # `rollback` has said so
        case "stage" | "waits" | "not_compared":
            return [event["sentence"]]
        case "rollback":
            return [f"Rolls back: {event['because']}"]
        case "end":
            number = f"; `watchdog deployments {event['id']}`" if event["id"] else ""
            stuck = "needs a person: " if event["stage"] == Stage.STUCK else ""
            return [f"{stuck}{event['sentence']}{number}"]
        case _:
            return []


def gate_lines(event: Event) -> list[str]:
    """The gate's verdict with its evidence."""
    proofs: list[Event] = event["proofs"]
    if not proofs:
        return [f"{event['gate']}: nothing to check"]
    word = "passed" if event["passed"] else "FAILED"
    failed = [proof for proof in proofs if not proof["passed"]]
    shown = failed or (proofs if len(proofs) <= _ALL_PROOFS else [])
    count = f"{len(proofs) - len(failed)} of {len(proofs)}"
    told = [f"  {'ok  ' if proof['passed'] else 'FAIL'} {proof['subject']}: {proof['sentence']}" for proof in shown]
    return [f"{event['gate']}: {word}, {count} in {span(event['seconds'])}", *told]
