"""What a container asks for alone, against what others have."""

from __future__ import annotations

from typing import Any

import pytest

from watchdog.engine.taken import addresses_taken, ports_taken
from watchdog.model.container import ContainerSpec, Taken


def asking(ports: dict[str, Any] | None = None, endpoints: dict[str, Any] | None = None) -> ContainerSpec:
    return ContainerSpec(
        id="",
        container_name="web",
        image="web",
        image_id="sha256:1",
        api_version="1.45",
        config={},
        host_config={"PortBindings": ports},
        endpoints=endpoints or {},
        networks={},
        volumes={},
    )


def has(ip: str, port: int, kind: str = "tcp") -> dict[str, Any]:
    return {"Id": "c0", "Names": ["/other"], "Ports": [{"IP": ip, "PublicPort": port, "PrivatePort": 1, "Type": kind}]}


@pytest.mark.parametrize(
    ("ip", "port", "line", "taken"),
    [
        ("", "8081", has("0.0.0.0", 8081), True),
        ("", "8081", has("::", 8081), True),
        ("", "8081", has("127.0.0.1", 8081), True),
        ("127.0.0.1", "8081", has("0.0.0.0", 8081), True),
        ("127.0.0.1", "8081", has("127.0.0.1", 8081), True),
        ("127.0.0.1", "8081", has("127.0.0.2", 8081), False),
        ("127.0.0.1", "8081", has("::", 8081), False),
        ("::1", "8081", has("0.0.0.0", 8081), False),
        ("", "8081", has("0.0.0.0", 8082), False),
        ("", "8081", has("0.0.0.0", 8081, "udp"), False),
        ("", "", has("0.0.0.0", 8081), False),
        ("", "0", has("0.0.0.0", 8081), False),
        ("", "8080-8090", has("0.0.0.0", 8081), False),
        ("", "8081", {"Id": "c0", "Names": ["/other"], "Ports": [{"PrivatePort": 8081, "Type": "tcp"}]}, False),
    ],
)
def test_a_port_is_taken_where_both_would_listen(ip: str, port: str, line: dict[str, Any], *, taken: bool) -> None:
    found = ports_taken(asking({"80/tcp": [{"HostIp": ip, "HostPort": port}], "81/tcp": None}), [line])
    assert found == ([Taken(what="port 8081/tcp", container="c0", name="other")] if taken else [])


def test_a_configured_address_is_taken_by_whoever_has_it_on_that_network() -> None:
    spec = asking(
        endpoints={"front": {"IPAMConfig": {"IPv4Address": "10.0.0.9", "IPv6Address": "fd00::9"}}, "back": {}}
    )
    holder = {"Name": "other", "IPv4Address": "10.0.0.9/24", "IPv6Address": "fd00::9/64"}
    neighbour = {"Name": "neighbour", "IPv4Address": "10.0.0.90/24", "IPv6Address": ""}
    front = {"Name": "front", "Containers": {"c0": holder, "c1": neighbour}}
    back = {"Name": "back", "Containers": {"c0": holder}}
    assert [f"{one.what} {one.name}" for one in addresses_taken(spec, [front, back])] == [
        "address 10.0.0.9 other",
        "address fd00::9 other",
    ]
