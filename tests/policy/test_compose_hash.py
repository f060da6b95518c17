"""The hash of a service is the one that Docker Compose takes: those in full were printed by Compose 2.40.3."""

from __future__ import annotations

from typing import Any

import pytest

from watchdog.policy.compose_hash import config_hash, lives_in, settled, with_env_files

BARE: dict[str, Any] = {"command": None, "entrypoint": None, "image": "busybox:lab", "networks": {"default": None}}
API: dict[str, Any] = {
    "build": {"context": "/src", "dockerfile": "Dockerfile"},
    "command": None,
    "depends_on": {"db": {"condition": "service_started", "required": True}},
    "deploy": {"replicas": 3, "resources": {"limits": {"cpus": 0.5, "memory": "67108864"}}, "placement": {}},
    "entrypoint": None,
    "environment": {"TOKEN": "se$cret <&>é"},
    "image": "busybox:lab",
    "networks": {"default": None},
    "pull_policy": "always",
    "scale": 3,
}


def test_what_concerns_no_single_container_is_no_part_of_the_hash() -> None:
    wanted = "ec8e0da7fe9fae200ac7128db898f8e1ea368aaf34c154ed1e3c5bff158dd72a"
    assert config_hash(API) == wanted
    fewer = {key: value for key, value in API.items() if key not in {"build", "depends_on", "pull_policy", "scale"}}
    assert config_hash(fewer) == wanted
    assert config_hash(API | {"image": "busybox:other"}) != wanted


def with_environment(**environment: str) -> dict[str, Any]:
    """In the order in which Compose prints it."""
    return {"command": None, "entrypoint": None, "environment": environment, **BARE}


MISSING = {"path": "/no/such.env", "required": False}
READ = {"path": "/tmp/gen/a.env", "required": True}


@pytest.mark.parametrize(
    ("resolved", "written", "printed"),
    [
        pytest.param(
            BARE,
            {"env_file": [MISSING]},
            "6ece018d8d97ab2c8a4244af628cf0a65a5527d1ab267e548d9cf144d5dc2a51",
            id="a file that is not there",
        ),
        pytest.param(
            with_environment(A="b"),
            {"env_file": [READ]},
            "185925333978ce08f2fa64866508a31d4f7526f18544d0cd57bb7357bbe3dba9",
            id="variables of the file alone",
        ),
        pytest.param(
            with_environment(A="b", C="d"),
            {"env_file": [READ, MISSING], "environment": {"C": "d"}},
            "1325d8fc7578bf2b68728238e1a50e8bf55d33b07dd7c125800177810e85ed14",
            id="variables of the file and others",
        ),
    ],
)
def test_compose_prints_the_hash_without_the_variables_of_env_file(
    resolved: dict[str, Any], written: dict[str, Any], printed: str
) -> None:
    assert config_hash(with_env_files(resolved, written)) == printed
    assert config_hash(resolved) != printed


def test_without_env_file_nothing_is_taken_out() -> None:
    assert with_env_files(API, {"environment": {}}) is API


SIDECAR: dict[str, Any] = {
    "network_mode": "service:db",
    "pid": "service:api",
    "ipc": "host",
    "volumes_from": ["data:ro", "container:abc:ro"],
}


def test_the_ids_of_other_services_containers_are_put_in_where_compose_puts_them() -> None:
    assert lives_in(SIDECAR) == {"db", "api", "data"}
    assert settled(SIDECAR, {"db": "1d", "api": "2a", "data": "3d"}) == {
        "network_mode": "container:1d",
        "pid": "container:2a",
        "ipc": "host",
        "volumes_from": ["3d", "abc"],
    }
    assert lives_in(API) == frozenset()
    assert settled(API, {}) == API
