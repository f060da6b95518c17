"""A snapshot for people: what `check` and `status` print, and the sentence that sums it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from watchdog.cli.terminal import Table, say, show
from watchdog.cli.text import span

_WELL: Final = frozenset({"healthy", "done"})
_NAMED: Final = 3
"""So many of the services that are not well are named in the verdict."""


def title(service: Mapping[str, Any]) -> str:
    """`shop/webui`, or `webui` outside a project."""
    return f"{service['project']}/{service['name']}" if service["project"] else str(service["name"])


def print_report(snapshot: Mapping[str, Any]) -> None:
    """Print services, endpoints and what could not be judged; the last line is the verdict.

    `snapshot` has the shape of `model.snapshot.Snapshot.as_json` (docs/status.schema.json).
    """
    services, endpoints = snapshot["services"], snapshot["endpoints"]
    if services:
        rows = tuple((title(s), s["health"], f"{s['score']:.2f}", _reason(s)) for s in services)
        show(Table(("service", "health", "score", "reason"), rows))
        click.echo()
    if endpoints:
        rows = tuple((e["name"], e["verdict"], span(e["seconds"]), _answer(e)) for e in endpoints)
        show(Table(("endpoint", "verdict", "took", "reason"), rows))
        click.echo()
    if snapshot["absence_not_judged"]:
        say("Absence not judged: nothing says that these should exist or run.")
        show(Table(("service", "reason"), tuple((title(a), a["reason"]) for a in snapshot["absence_not_judged"])))
        click.echo()
    say(verdict(snapshot))


def verdict(snapshot: Mapping[str, Any]) -> str:
    """One sentence: the status, how many are well, who is not."""
    status, services, endpoints = snapshot["status"], snapshot["services"], snapshot["endpoints"]
    if not snapshot["engine_up"]:
        return f"{status}: {snapshot['engine']}"
    ill = [service for service in services if service["health"] not in _WELL]
    parts = [f"{len(services) - len(ill)} of {len(services)} services well"]
    if endpoints:
        answering = sum(endpoint["verdict"] == "pass" for endpoint in endpoints)
        parts.append(f"{answering} of {len(endpoints)} endpoints answer as expected")
    parts.append(f"score {snapshot['score']:.2f}")
    if snapshot["absence_not_judged"]:
        parts.append(f"{len(snapshot['absence_not_judged'])} not judged")
    sentence = f"{status}: {', '.join(parts)}"
    if ill:
        named = ", ".join(f"{title(service)} is {service['health']}" for service in ill[:_NAMED])
        more = f" and {len(ill) - _NAMED} more" if len(ill) > _NAMED else ""
        sentence += f"; {named}{more}"
    return f"{sentence}."


def _answer(endpoint: Mapping[str, Any]) -> str:
    parts = [endpoint["reason"], "flapping" if endpoint["flapping"] else "", endpoint["waiting"]]
    return "; ".join(part.rstrip(".") for part in parts if part)


def _reason(service: Mapping[str, Any]) -> str:
    parts = [service["reason"], service["recovery"]]
    if service["silenced_until"] is not None:
        parts.append(f"nobody is told until {service['silenced_until']} (`watchdog silences`)")
    if service["incident"] is not None:
        parts.append(f"`watchdog show {service['incident']}`")
    return "; ".join(part.rstrip(".") for part in parts if part)
