"""● Ports and addresses that a container asks for and another running one has: the engine tells only at the start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from watchdog.engine.fields import entries, section
from watchdog.model.container import ContainerSpec, Taken

EVERYWHERE: Final = {"", "0.0.0.0", "::"}  # noqa: S104 - compared with, never bound


def ports_taken(spec: ContainerSpec, lines: Iterable[Mapping[str, Any]]) -> list[Taken]:
    """By `lines` of GET /containers/json. Ports that the engine may choose are never taken."""
    asked = {(port, kind, ip) for port, kind, ip in _asked_ports(spec)}
    return [
        Taken(what=f"port {port}/{kind}", container=line["Id"], name=line["Names"][0].lstrip("/"))
        for line in lines
        for port, kind in sorted({(port, kind) for port, kind, ip in asked if _publishes(line, port, kind, ip)})
    ]


def addresses_taken(spec: ContainerSpec, networks: Iterable[Mapping[str, Any]]) -> list[Taken]:
    """By the answers of GET /networks/NAME."""
    return [
        Taken(what=f"address {address}", container=container, name=holder["Name"])
        for network in networks
        for address in sorted(_asked_addresses(spec, network["Name"]))
        for container, holder in section(network, "Containers").items()
        if address in {str(holder.get(kind) or "").partition("/")[0] for kind in ("IPv4Address", "IPv6Address")}
    ]


def _asked_ports(spec: ContainerSpec) -> Iterable[tuple[int, str, str]]:
    for port, bindings in section(spec.host_config, "PortBindings").items():
        for binding in bindings or ():
            if re.fullmatch("[1-9][0-9]*", binding.get("HostPort") or ""):
                yield int(binding["HostPort"]), port.partition("/")[2] or "tcp", binding.get("HostIp") or ""


def _publishes(line: Mapping[str, Any], port: int, kind: str, ip: str) -> bool:
    return any(
        one.get("PublicPort") == port and one["Type"] == kind and _overlap(ip, one.get("IP") or "")
        for one in entries(line, "Ports")
    )


def _overlap(one: str, other: str) -> bool:
    same_family = "" in {one, other} or (":" in one) == (":" in other)
    return same_family and (one == other or bool({one, other} & EVERYWHERE))


def _asked_addresses(spec: ContainerSpec, network: str) -> set[str]:
    asked = section(spec.endpoints.get(network, {}), "IPAMConfig")
    return {str(asked[kind]) for kind in ("IPv4Address", "IPv6Address") if asked.get(kind)}
