"""● Volumes of an inspected container, by name. A volume that is not named at create becomes a fresh, empty one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from watchdog.engine.fields import entries

WHOLE_BIND = 2
"""`source:destination`, perhaps with `:mode`; a bind of one part alone is an anonymous volume."""


def volumes_of(mounts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Volume name → destination, of named and anonymous volumes alike; of several destinations the last in order.

    The engine lists mounts in no fixed order, and a spec must not differ for that.
    """
    named = (mount for mount in mounts if mount["Type"] == "volume" and mount.get("Name"))
    return {mount["Name"]: mount["Destination"] for mount in sorted(named, key=lambda mount: mount["Destination"])}


def pin_volumes(host_config: Mapping[str, Any], mounts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The Binds and Mounts that mount the same volumes again.

    What was asked for stays as it was; anonymous volumes (an image's VOLUME, `-v /path`, a mount without source,
    those of another container) are named, each destination once: twice is a "duplicate mount point".
    """
    names = {mount["Destination"]: mount for mount in mounts if mount["Type"] == "volume" and mount.get("Name")}
    binds = [bind if _names_source(bind) else _named_bind(bind, names) for bind in entries(host_config, "Binds")]
    asked = [_named_mount(mount, names) for mount in entries(host_config, "Mounts")]
    covered = {_destination(bind) for bind in binds} | {_clean(mount["Target"]) for mount in asked}
    added = [_as_mount(mount) for path, mount in sorted(names.items()) if _clean(path) not in covered]
    return {"Binds": binds or host_config.get("Binds"), "Mounts": [*asked, *added]}


def _names_source(bind: str) -> bool:
    return len(bind.split(":")) >= WHOLE_BIND


def _named_bind(bind: str, names: Mapping[str, Mapping[str, Any]]) -> str:
    mount = names.get(_clean(bind)) or names.get(bind)
    return f"{mount['Name']}:{bind}" if mount else bind


def _named_mount(asked: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    mount = names.get(_clean(asked["Target"])) or names.get(asked["Target"])
    if asked.get("Type") != "volume" or asked.get("Source") or mount is None:
        return dict(asked)
    return {**asked, "Source": mount["Name"]}


def _as_mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    named = {"Type": "volume", "Source": mount["Name"], "Target": mount["Destination"]}
    return named if mount.get("RW", True) else {**named, "ReadOnly": True}


def _destination(bind: str) -> str:
    parts = bind.split(":")
    return _clean(parts[1] if len(parts) >= WHOLE_BIND else parts[0])


def _clean(path: str) -> str:
    """The engine's own spelling of a destination: no slash at the end."""
    return path.rstrip("/") or "/"
