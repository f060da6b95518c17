"""● Networks of an inspected container as they were asked for, and the bodies that bring them back."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from watchdog.engine.fields import entries, section
from watchdog.model.container import ContainerSpec

PREDEFINED: Final = frozenset({"bridge", "host", "none"})
"""The engine has them always; aliases, links and addresses are refused there."""
MAC: Final = "MacAddress"
SHORT_ID: Final = 12
NETWORK_HASH: Final = "com.docker.compose.config-hash"
NETWORK_FIELDS: Final = (
    *("Driver", "Internal", "Attachable", "Ingress", "EnableIPv6"),
    *("ConfigOnly", "ConfigFrom", "IPAM", "Options", "Labels"),
)


def network_body(network: Mapping[str, Any]) -> dict[str, Any]:
    """What creates a removed network again, Compose labels included: without them the next `up` refuses it."""
    body = {name: network[name] for name in NETWORK_FIELDS if name in network}
    scope = {"Scope": network["Scope"]} if network.get("Scope", "local") != "local" else {}
    return {"Name": network["Name"], "CheckDuplicate": True, **body, **scope}


def made_otherwise(spec: ContainerSpec, name: str, found: Mapping[str, Any]) -> bool:
    """Whether a network that is there was made in another way than the spec's.

    Its addresses count only where the container asked for one of them: else the engine chose them.
    """
    body, now = spec.networks[name], network_body(found)
    fields = {"Driver", "Internal", "Attachable", "EnableIPv6", "Options"}
    if section(spec.endpoints.get(name, {}), "IPAMConfig"):
        fields.add("IPAM")
    hashes = [section(one, "Labels").get(NETWORK_HASH) for one in (body, now)]
    return hashes[0] != hashes[1] or any((body.get(field) or None) != (now.get(field) or None) for field in fields)


def primary_network(host_config: Mapping[str, Any], attached: Mapping[str, Mapping[str, Any]]) -> str:
    """The name of the network to create the container on.

    The mode may be a network's ID, which is another one after the network was made again, or a network that the
    container was disconnected from since: then it is the first one that it has.
    """
    mode = str(host_config.get("NetworkMode") or "default")
    if mode.startswith("container:") or mode in {"host", "none"}:
        return mode
    if ("bridge" if mode == "default" else mode) in attached:
        return mode
    by_id = (name for name, endpoint in attached.items() if _is_id(mode, str(endpoint.get("NetworkID", ""))))
    return next(by_id, min(attached, default="none"))


def endpoints_of(
    container: str, primary: str, attached: Mapping[str, Mapping[str, Any]], primary_mac: str
) -> dict[str, dict[str, Any]]:
    """Network name → endpoint settings as asked for, the primary network first."""
    first = "bridge" if primary == "default" else primary
    names = sorted(attached, key=lambda name: (name != first, name))
    asked = {name: _asked_for(container, name, attached[name]) for name in names}
    for name, endpoint in asked.items():
        mac = primary_mac if name == first else _asked_mac(attached[name])
        if mac:
            endpoint[MAC] = mac
    return asked


def _asked_for(container: str, network: str, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    if network in PREDEFINED:
        return {}
    aliases = [alias for alias in entries(endpoint, "Aliases") if alias != container[:12]]
    fields: dict[str, Any] = {
        "IPAMConfig": {name: value for name, value in section(endpoint, "IPAMConfig").items() if value},
        "Aliases": aliases,
        "Links": endpoint.get("Links"),
        "DriverOpts": endpoint.get("DriverOpts"),
    }
    return {name: value for name, value in fields.items() if value}


def _asked_mac(endpoint: Mapping[str, Any]) -> str:
    """A MAC that differs from what the engine generates: 02:42 and the four bytes of the IPv4 address."""
    mac, address = endpoint.get(MAC) or "", endpoint.get("IPAddress") or ""
    if not address:  # it never ran on that network, so nothing was generated yet
        return mac
    generated = ":".join(f"{byte:02x}" for byte in (0x02, 0x42, *IPv4Address(address).packed))
    return "" if mac == generated else mac


def _is_id(mode: str, network_id: str) -> bool:
    return len(mode) >= SHORT_ID and network_id.startswith(mode)
