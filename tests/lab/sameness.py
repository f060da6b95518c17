"""Whether a container is the one that was, by the engine's raw inspect objects of both.

This is the one list of what may differ after a recreation, and why; everything else must be equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

MUST_DIFFER: Mapping[str, str] = {
    "Id": "another container",
    "Created": "later",
    "State": "PIDs and times",
    "ExecIDs": "probes that run at this very moment",
    "RestartCount": "of one incarnation",
    "ResolvConfPath": "under the new ID",
    "HostnamePath": "under the new ID",
    "HostsPath": "under the new ID",
    "LogPath": "under the new ID",
    "GraphDriver": "a fresh writable layer",
}
SEEN_ANOTHER_WAY: Mapping[str, str] = {
    "NetworkSettings": "sandbox, generated addresses, MACs and host ports: what was asked of each network is compared",
    "Mounts": "the engine notes `Mode: z` for volumes named at create: name, kind, destination and RW are compared",
    "Config.Hostname": "a default one is the container's ID, or that of the container whose network it shares",
    "HostConfig.Mounts": "anonymous volumes are named now, or they would be fresh and empty: compared as `Mounts`",
    "HostConfig.Links": "the engine lists them in no fixed order",
    "HostConfig.Binds": "one that named no volume names it now: compared as `Mounts`",
}
GENERATED_MAC = "02:42:"
"""What the engine generates begins so; a test that asks for a MAC asks for another beginning."""
_ANONYMOUS = re.compile(r"[0-9a-f]{64}|")


def assert_the_same(before: Any, after: Any) -> None:
    """Of two inspected containers, the second recreated from the first."""
    found = differences(before, after)
    assert not found, "\n".join(found)


def differences(before: Any, after: Any) -> list[str]:
    """One line for each thing that differs and must not."""
    return _unlike(before, after, "") + _unlike(_seen_another_way(before), _seen_another_way(after), "as asked for")


def _unlike(before: Any, after: Any, path: str) -> list[str]:
    if path in MUST_DIFFER or path in SEEN_ANOTHER_WAY:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        deeper = (_unlike(old.get(name), new.get(name), f"{path}.{name}".lstrip(".")) for name in {**old, **new})
        return [line for lines in deeper for line in lines]
    return [] if before == after or (not before and not after) else [f"{path}: {before!r} became {after!r}"]


def _seen_another_way(found: Any) -> dict[str, Any]:
    host, short_id = found["HostConfig"], found["Id"][:12]
    hostname, given = found["Config"]["Hostname"], host["NetworkMode"].startswith("container:")
    return {
        "hostname": "" if given or hostname == short_id else hostname,
        "binds": [bind for bind in host["Binds"] or () if ":" in bind and not _anonymous(bind.partition(":")[0])],
        "mounts": [m for m in host.get("Mounts") or () if m["Type"] != "volume" or not _anonymous(m.get("Source", ""))],
        "links": sorted(host["Links"] or ()),
        "mounted": sorted((m["Destination"], m["Type"], m.get("Name", ""), m["RW"]) for m in found["Mounts"]),
        "networks": {name: _asked(short_id, one) for name, one in found["NetworkSettings"]["Networks"].items()},
    }


def _anonymous(volume: str) -> bool:
    """One with the random name that the engine gives, or with none."""
    return _ANONYMOUS.fullmatch(volume) is not None


def _asked(short_id: str, network: Any) -> dict[str, Any]:
    mac: str = network["MacAddress"]
    address: dict[str, Any] = network["IPAMConfig"] or {}
    return {
        "aliases": sorted(set(network["Aliases"] or ()) - {short_id}),
        "address": {name: value for name, value in address.items() if value},
        "links": sorted(network["Links"] or ()),
        "driver options": network["DriverOpts"] or {},
        "mac": "" if mac.startswith(GENERATED_MAC) else mac,
    }
