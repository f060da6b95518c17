"""● Namespaces that a container shares with another one, as the engine's HostConfig spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

JOINED: Final = "container:"
"""Prefix of a mode that shares another container's namespace; the engine keeps that one's full ID behind it."""
MODES: Final[Mapping[str, str]] = {"network": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode"}
"""Namespace → its field."""


def joined(host_config: Mapping[str, Any]) -> dict[str, str]:
    """Namespace → the container, as the engine names it, whose namespace that is."""
    modes = {namespace: str(host_config.get(field) or "") for namespace, field in MODES.items()}
    return {namespace: mode.removeprefix(JOINED) for namespace, mode in modes.items() if mode.startswith(JOINED)}
