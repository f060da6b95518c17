"""The steps of plans: what would undo an attempt, and what of a plan a person agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from watchdog.codecs.shape import Shape
from watchdog.model.plan import (
    ConnectNetwork,
    CreateContainer,
    CreateNetwork,
    DisconnectNetwork,
    Plan,
    RemoveContainer,
    RemoveNetwork,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
)
from watchdog.policy.discovery import read_own_name

_WORD: Final = "step"
"""The key that says which step it is."""
STEPS: Final[Mapping[str, Shape[Any]]] = {
    "StartContainer": Shape(StartContainer, "container"),
    "RestartContainer": Shape(RestartContainer, "container", "stop_timeout"),
    "StopContainer": Shape(StopContainer, "container", "stop_timeout"),
    "SetRestartPolicy": Shape(SetRestartPolicy, "container", "policy", "maximum_retries"),
    "RenameContainer": Shape(RenameContainer, "container", "name"),
    "CreateNetwork": Shape(CreateNetwork, "spec_id", "network"),
    "RemoveNetwork": Shape(RemoveNetwork, "network"),
    "DisconnectNetwork": Shape(DisconnectNetwork, "container", "network"),
    "CreateContainer": Shape(CreateContainer, "spec_id", "name", "image_id"),
    "ConnectNetwork": Shape(ConnectNetwork, "spec_id", "container", "network"),
    "RemoveContainer": Shape(RemoveContainer, "container"),
}
_WORDS: Final[Mapping[type[Any], str]] = {shape.kind: word for word, shape in STEPS.items()}


def steps_as_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """As the ledger keeps what would undo an attempt, for a daemon that finds it interrupted."""
    return [{_WORD: (word := _WORDS[type(step)]), **STEPS[word].write(step)} for step in steps]


def steps_from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Raises KeyError or ValueError for what `steps_as_json` did not write."""
    return tuple(STEPS[raw[_WORD]].read({key: raw[key] for key in raw if key != _WORD}) for raw in stored)


def essence(plan: Plan) -> str:
    """What is done to what, by full IDs: a plan made anew on the same facts has the same.

    Its sentence counts attempts and seconds, temporary names have a part that chance makes, and what undoes it depends
    on whether a container that crashes again and again just runs: all that is left out.
    """
    steps = [_timeless(step) for step in steps_as_json((*plan.steps, *plan.cleanup))]
    return json.dumps([str(plan.service), plan.rung, steps])


def _timeless(step: dict[str, Any]) -> dict[str, Any]:
    own = read_own_name(str(step.get("name", "")))
    return step if own is None else step | {"name": [own.original, own.successor]}
