"""Containers that live in another one's namespaces, which end with that one's process whatever still runs in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watchdog.model.container import ContainerState

ALIVE = {ContainerState.RUNNING, ContainerState.PAUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """Whose namespace it is: `container` is the full ID of the one that it has now, if any. Times are Unix seconds."""

    name: str
    container: str | None = None
    runs: bool = False
    started_at: float | None = None
    witnessed: bool = False
    """It was seen to run before the child was seen to start: what the engine's clock says of the two is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """How a service stands to those whose namespaces it shares."""

    cut_off: str = ""
    """Why a namespace that its container lives in is gone; empty as long as none is."""
    replaced: bool = False
    """A container that it refers to is not its service's any more: only a new child can join the new one."""
    down: tuple[str, ...] = ()
    """Those that do not run: nothing can be started in their namespaces."""


@dataclass(frozen=True, slots=True)
class Child:
    """A container that lives in others' namespaces. `joined`: namespace → full ID; `started_at`: Unix seconds."""

    joined: Mapping[str, str]
    started_at: float | None


def ties(child: Child | None, parents: Mapping[str, Parent]) -> Ties:
    """`parents` by namespace; `child` is None where the service has no container."""
    down = tuple(sorted({parent.name for parent in parents.values() if not parent.runs}))
    if child is None:
        return Ties(down=down)
    gone = {namespace: _why_gone(child, namespace, parent) for namespace, parent in parents.items()}
    found = [
        f"it lives in the {namespace} namespace of {parents[namespace].name}, {gone[namespace]}"
        for namespace in sorted(gone)
        if gone[namespace]
    ]
    replaced = any(parent.container != child.joined[namespace] for namespace, parent in parents.items())
    return Ties(cut_off="; ".join(found), replaced=replaced, down=down)


def _why_gone(child: Child, namespace: str, parent: Parent) -> str:
    if parent.container is None:
        return "which has no container"
    if parent.container != child.joined[namespace]:
        return "which has another container now"
    if not parent.runs:
        return "which does not run"
    began, joined_at = parent.started_at, child.started_at
    if not parent.witnessed and began is not None and joined_at is not None and began > joined_at:
        return "which was started again since"
    return ""
