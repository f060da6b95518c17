"""What is pure about specs: tables and properties, without an engine."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.copied import candidates, is_copied
from watchdog.engine.endpoints import endpoints_of, network_body, primary_network
from watchdog.engine.mounts import pin_volumes, volumes_of
from watchdog.engine.spec import (
    Captured,
    capture,
    config_hash,
    connect_body,
    create_body,
    networks_unknown,
    with_networks_of,
)

ID = "4f1d0e5a7b3c" + "0" * 52
NETWORK = "a" * 64


def inspected(**changes: Any) -> dict[str, Any]:
    """An inspect object of a Compose service; `changes` go into HostConfig."""
    return {
        "Id": ID,
        "Name": "/shop-web-1",
        "Image": "sha256:" + "1" * 64,
        "Created": "2026-11-21T10:00:00.123456789Z",
        "State": {"Status": "running"},
        "Config": {"Hostname": ID[:12], "Image": "shop/web:1", "Env": ["A=b"], "Labels": {}, "Entrypoint": None},
        "HostConfig": {"NetworkMode": "shop_lan", "Binds": None, "RestartPolicy": {"Name": "always"}, **changes},
        "NetworkSettings": {
            "Networks": {
                "other": {"NetworkID": "b" * 64, "Aliases": ["o", ID[:12]], "IPAddress": "10.0.0.2"},
                "shop_lan": {
                    "NetworkID": NETWORK,
                    "Aliases": ["web", ID[:12]],
                    "IPAddress": "10.1.0.7",
                    "IPAMConfig": {"IPv4Address": "10.1.0.7"},
                    "MacAddress": "02:42:0a:01:00:07",
                },
            }
        },
        "Mounts": [],
    }


def captured(found: dict[str, Any], **more: Any) -> Captured:
    return Captured(container=found, image={}, api_version="1.45", **more)


def test_the_primary_network_comes_first_and_incarnations_leave_no_trace() -> None:
    spec = capture(captured(inspected()))
    assert list(spec.endpoints) == ["shop_lan", "other"]
    assert spec.endpoints["shop_lan"] == {"IPAMConfig": {"IPv4Address": "10.1.0.7"}, "Aliases": ["web"]}
    assert spec.endpoints["other"] == {"Aliases": ["o"]}
    assert spec.config["Hostname"] == ""
    assert ID[:12] not in repr(spec)


def test_before_api_1_44_one_network_at_create_and_the_rest_connected() -> None:
    found = inspected()
    found["Config"]["MacAddress"] = "02:00:00:00:00:01"
    spec = capture(captured(found))
    old, new = create_body(spec, "shop/web:1", (1, 43)), create_body(spec, "shop/web:1", (1, 44))
    assert list(old["NetworkingConfig"]["EndpointsConfig"]) == ["shop_lan"]
    assert old["MacAddress"] == "02:00:00:00:00:01"
    assert list(new["NetworkingConfig"]["EndpointsConfig"]) == ["shop_lan", "other"]
    assert "MacAddress" not in new
    assert new["NetworkingConfig"]["EndpointsConfig"]["shop_lan"]["MacAddress"] == "02:00:00:00:00:01"
    assert connect_body(spec, "c", "other", (1, 43)) == {"Container": "c", "EndpointConfig": {"Aliases": ["o"]}}


def test_nothing_of_an_inspect_object_is_changed_in_place() -> None:
    found = inspected(Links=["/db:/web/db"], VolumesFrom=["peer:ro"])
    before = copy.deepcopy(found)
    spec = capture(captured(found, names={"peer": "peer"}))
    create_body(spec, "shop/web:1", (1, 43))
    assert found == before


@pytest.mark.parametrize(
    ("mode", "attached", "primary"),
    [
        ("default", {"bridge": {}}, "default"),
        ("lan", {"lan": {}, "a": {}}, "lan"),
        (NETWORK, {"a": {"NetworkID": "b" * 64}, "lan": {"NetworkID": NETWORK}}, "lan"),
        (NETWORK[:12], {"lan": {"NetworkID": NETWORK}}, "lan"),
        ("aa", {"lan": {"NetworkID": NETWORK}, "b": {}}, "b"),
        ("lan", {"b": {}, "a": {}}, "a"),
        ("lan", {}, "none"),
        ("host", {"host": {}}, "host"),
        ("container:x", {}, "container:x"),
    ],
)
def test_the_network_that_a_container_is_made_on(mode: str, attached: dict[str, Any], primary: str) -> None:
    assert primary_network({"NetworkMode": mode}, attached) == primary


def test_a_container_in_anothers_network_has_no_hostname_ports_or_mac_of_its_own() -> None:
    found = inspected(NetworkMode=f"container:{NETWORK}", PidMode=f"container:{NETWORK}")
    found["Config"] |= {"Hostname": "parent", "ExposedPorts": {"80/tcp": {}}}
    found["NetworkSettings"]["Networks"] = {}
    spec = capture(captured(found, names={NETWORK: "parent"}))
    body = create_body(spec, "shop/web:1", (1, 45))
    assert body["HostConfig"]["NetworkMode"] == body["HostConfig"]["PidMode"] == "container:parent"
    assert (body["Hostname"], body["ExposedPorts"]) == ("", None)
    assert "NetworkingConfig" not in body
    assert spec.unfaithful == ()


def test_links_are_written_as_they_were_asked_for() -> None:
    spec = capture(captured(inspected(Links=["/db:/web.new/database", "/cache:/web/c"])))
    assert spec.host_config["Links"] == ["db:database", "cache:c"]


def test_a_network_is_made_again_with_its_compose_labels() -> None:
    network: dict[str, Any] = {
        "Name": "shop_lan",
        "Id": NETWORK,
        "Scope": "local",
        "Driver": "bridge",
        "Labels": {"com.docker.compose.network": "lan"},
        "IPAM": {"Driver": "default", "Config": [{"Subnet": "10.1.0.0/16"}]},
        "Containers": {ID: {}},
    }
    spec = capture(captured(inspected(), networks=(network,)))
    body = spec.networks["shop_lan"]
    assert body["Labels"] == {"com.docker.compose.network": "lan"}
    assert body["IPAM"]["Config"] == [{"Subnet": "10.1.0.0/16"}]
    assert not {"Id", "Containers", "Scope"} & set(body)
    assert network_body({**network, "Scope": "swarm"})["Scope"] == "swarm"


@pytest.mark.parametrize(
    ("mac", "address", "asked"),
    [
        ("02:42:0a:01:00:07", "10.1.0.7", None),
        ("02:42:0a:01:00:08", "10.1.0.7", "02:42:0a:01:00:08"),
        ("02:42:0a:01:00:08", "", "02:42:0a:01:00:08"),
        ("", "", None),
    ],
)
def test_a_generated_mac_looks_configured_and_is_not(mac: str, address: str, asked: str | None) -> None:
    attached = {"a": {}, "lan": {"MacAddress": mac, "IPAddress": address}}
    assert endpoints_of(ID, "a", attached, "")["lan"].get("MacAddress") == asked


def test_a_deployment_is_the_same_whatever_its_volumes_and_compose_are_called() -> None:
    one, two = inspected(), inspected()
    for found, volume, version in ((one, "a" * 64, "2.40"), (two, "b" * 64, "5.0")):
        found["Mounts"] = [{"Type": "volume", "Name": volume, "Destination": "/data", "RW": True}]
        found["Config"]["Labels"] = {"com.docker.compose.version": version, "tier": "web"}
    two["HostConfig"]["KernelMemory"] = 0
    first, second = capture(captured(one)), capture(captured(two))
    assert first.id != second.id
    assert config_hash(first) == config_hash(second)
    two["Config"]["Labels"]["tier"] = "db"
    assert config_hash(capture(captured(two))) != config_hash(first)


@pytest.mark.parametrize(("field", "value"), [("Env", ["A=c"]), ("Entrypoint", [""]), ("Cmd", ["x"])])
def test_another_configuration_is_another_deployment(field: str, value: Any) -> None:
    found = inspected()
    before = config_hash(capture(captured(found)))
    found["Config"][field] = value
    assert config_hash(capture(captured(found))) != before


def test_an_engine_that_knows_more_saves_another_spec_of_the_same_deployment() -> None:
    seen = captured(inspected())
    older, newer = capture(replace(seen, api_version="1.41")), capture(seen)
    assert older.id != newer.id
    assert config_hash(older) == config_hash(newer)


def test_a_changed_name_of_a_named_volume_is_another_deployment() -> None:
    hashes = {config_hash(capture(captured(inspected(Binds=[f"{name}:/data"])))) for name in ("one", "two")}
    assert len(hashes) == 2


PATHS = st.sampled_from(["/data", "/data/", "/logs", "/etc/app", "/srv"])


@given(
    binds=st.lists(st.tuples(st.sampled_from(["named", "/host", ""]), PATHS, st.sampled_from(["", "ro"])), max_size=4),
    asked=st.lists(st.tuples(st.sampled_from(["named", ""]), PATHS), max_size=4),
    volumes=st.sets(PATHS.map(lambda path: path.rstrip("/")), max_size=5),
)
def test_every_volume_is_mounted_once_and_by_name(
    binds: list[tuple[str, str, str]], asked: list[tuple[str, str]], volumes: set[str]
) -> None:
    used = {path.rstrip("/") for _, path, _ in binds}
    unique = {path.rstrip("/"): (source, path, mode) for source, path, mode in binds}
    mounts_asked = {path.rstrip("/"): (source, path) for source, path in asked if path.rstrip("/") not in used}
    host = {
        "Binds": [":".join(filter(None, (s, p, m if s else ""))) for s, p, m in unique.values()],
        "Mounts": [{"Type": "volume", "Source": source, "Target": path} for source, path in mounts_asked.values()],
    }
    mounts = [{"Type": "volume", "Name": f"v{path}", "Destination": path, "RW": True} for path in sorted(volumes)]
    pinned = pin_volumes(host, mounts)
    targets = [bind.split(":")[1 if ":" in bind else 0].rstrip("/") for bind in pinned["Binds"]]
    targets += [mount["Target"].rstrip("/") for mount in pinned["Mounts"]]
    assert len(targets) == len(set(targets)), "duplicate mount point"
    assert volumes <= set(targets)
    named = {bind.split(":")[1].rstrip("/") for bind in pinned["Binds"] if ":" in bind}
    named |= {mount["Target"].rstrip("/") for mount in pinned["Mounts"] if mount.get("Source")}
    assert volumes <= named
    assert pin_volumes(pinned, mounts) == pinned, "pinning what is pinned changes nothing"


def test_a_network_that_is_gone_is_known_from_an_earlier_spec() -> None:
    lan = {"Name": "shop_lan", "Driver": "bridge"}
    whole = capture(captured(inspected(), networks=(lan, {"Name": "other"})))
    later = capture(captured(inspected(), networks=({"Name": "other"},)))
    assert networks_unknown(whole) == set()
    assert networks_unknown(later) == {"shop_lan"}
    assert with_networks_of(whole, later) == whole
    assert with_networks_of(later, later) == later


def test_a_volume_in_two_places_is_the_same_in_whatever_order_the_engine_lists_them() -> None:
    mounts = [{"Type": "volume", "Name": "site", "Destination": path} for path in ("/one", "/two")]
    assert volumes_of(mounts) == volumes_of(mounts[::-1]) == {"site": "/two"}


def test_only_files_outside_of_mounts_are_looked_at() -> None:
    changed = ["/etc", "/etc/app", "/etc/app/x.conf", "/run/secrets/a", "/run/secrets", "/run", "/data/file", "/data"]
    assert candidates(changed, ["/data"]) == ["/etc/app/x.conf", "/run/secrets/a"]


@pytest.mark.parametrize(
    ("mtime", "mode", "copied"),
    [
        ("2026-11-21T10:00:01Z", 0o444, True),
        ("2026-11-21T10:00:00Z", 0o444, True),
        ("2026-11-21T10:00:01.5Z", 0o444, False),
        ("2026-11-21T09:00:00Z", 0o444, False),
        ("2026-11-21T10:05:00Z", 0o444, False),
        ("2026-11-21T10:00:01Z", 0o444 | 1 << 31, False),
    ],
)
def test_what_compose_copied_has_a_whole_second_close_to_its_create(mtime: str, mode: int, *, copied: bool) -> None:
    assert is_copied({"mtime": mtime, "mode": mode}, created=1795255200.3) is copied
