"""`watchdog deploy --dry-run`: what Compose would do, what is protected, which gates would be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from watchdog.cli.client import DaemonClient
from watchdog.cli.terminal import print_json, say
from watchdog.codecs.compose import CONTAINER
from watchdog.model.compose_intent import Action, ComposeChange, ComposeIntent
from watchdog.policy.compose_changes import changes
from watchdog.policy.deployment import several

_MOST: Final = 10
"""Subjects of a gate that are named."""


async def rehearse(
    client: DaemonClient, body: Mapping[str, Any], intent: ComposeIntent | None, *, as_json: bool
) -> int:
    """0 where it could begin and stay within its limits as far as can be told, else 1; nothing is touched."""
    told = await client.post("/api/v1/deployments/rehearse", body)
    containers = [CONTAINER.read(one) for one in told.pop("containers")]
    found = changes(intent, containers) if intent is not None and intent.project else None
    hindrances = _hindrances(told, found or ())
    if as_json:
        plan = [_change_json(change) for change in found] if found is not None else None
        print_json({**told, "changes": plan, "hindrances": hindrances})
    else:
        _print(told, found, hindrances)
    return 1 if hindrances else 0


def _hindrances(told: Mapping[str, Any], found: Sequence[ComposeChange]) -> list[str]:
    touched = [change.service for change in found if change.touches]
    most = told["limits"]["max_services"]
    said: list[str] = []
    if several(touched) > most:
        said.append(
            f"it would touch {several(touched)} services and may touch {most}: --max-services {several(touched)}"
        )
    left = {change.service for change in found if change.action is not Action.REMOVE}
    lost = [
        str(change.service)
        for change in found
        if change.action is Action.REMOVE
        and str(change.service) in told["protected"]
        and str(change.service) not in told["retire"]
        and not any((one.project, one.name) == (change.service.project, change.service.name) for one in left)
    ]
    if lost:
        said.append(
            f"it would remove {', '.join(lost)}, which is protected: --retire {','.join(lost)} where it is meant"
        )
    return said


def _print(told: Mapping[str, Any], found: Sequence[ComposeChange] | None, hindrances: Sequence[str]) -> None:
    say(f"Scope: {told['scope']}")
    say(f"Protected: {', '.join(told['protected']) or 'nothing yet'}")
    if found is None:
        say("What the command would change cannot be told: it is no command of Docker Compose.")
    for change in found or ():
        say(f"  {change}" if change.sure else f"  {change} (perhaps)")
    for hook in told["hooks"]:
        say(f"Gate baseline: hook {hook}")
    for gate, subjects in told["gates"].items():
        more = f" and {len(subjects) - _MOST} more" if len(subjects) > _MOST else ""
        say(f"Gate {gate}: {', '.join(subjects[:_MOST]) or 'nothing to check'}{more}")
    for hindrance in hindrances:
        say(f"It would be refused or rolled back: {hindrance}")


def _change_json(change: ComposeChange) -> dict[str, Any]:
    return {
        "service": str(change.service),
        "action": change.action.value,
        "because": change.because,
        "sure": change.sure,
    }
