"""What a recreated container must have in common with the one that it stands in for, as the engine shows both."""

from __future__ import annotations

from typing import Any


def what_must_stay(container: Any) -> dict[str, Any]:
    """Of an inspected container, what its successor must have as well."""
    networks = container["NetworkSettings"]["Networks"]
    config = {key: value for key, value in container["Config"].items() if key != "Hostname"}
    return {
        "name": container["Name"],
        "image": container["Image"],
        "config": config,
        "ports": container["HostConfig"]["PortBindings"],
        "policy": container["HostConfig"]["RestartPolicy"],
        "mounts": sorted((one["Type"], one.get("Name", ""), one["Destination"]) for one in container["Mounts"]),
        "networks": {
            name: set(network["Aliases"] or ()) - {container["Id"][:12], container["Config"]["Hostname"]}
            for name, network in networks.items()
        },
    }
