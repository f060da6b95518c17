"""● What was inspected ⇄ what creates it again. Pure.

A spec is what was *asked for*: whatever belongs to one incarnation (its ID as hostname and alias, generated addresses
and MACs, the random names of fresh anonymous volumes) is cleaned out or pinned when it is captured. So a container
that was made from a spec has, inspected again, that same spec.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from watchdog.engine.endpoints import MAC, PREDEFINED, endpoints_of, network_body, primary_network
from watchdog.engine.fields import entries, section
from watchdog.engine.mounts import pin_volumes, volumes_of
from watchdog.engine.namespaces import JOINED, MODES, joined
from watchdog.model.container import ContainerSpec

ALL_NETWORKS_AT_CREATE: Final = (1, 44)
"""From this API version on a container is created on all its networks at once, and a MAC belongs to a network."""
COMPOSE_LABELS: Final = "com.docker.compose."


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The engine's raw answers about one container. `names` are those of containers that it refers to by ID."""

    container: Mapping[str, Any]
    image: Mapping[str, Any]
    networks: tuple[Mapping[str, Any], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    copied_in: tuple[str, ...] = ()
    """Secrets and configs that were copied into its file system after it was created."""
    api_version: str


def capture(seen: Captured) -> ContainerSpec:
    """The spec of a container that exists."""
    found = seen.container
    host = dict(found["HostConfig"])
    attached = section(found["NetworkSettings"], "Networks")
    unfaithful = list(_unfaithful(seen))
    primary = primary_network(host, attached)
    mac = found["Config"].get(MAC) or ""
    host |= {"NetworkMode": primary, "Links": _links(host.get("Links"))}
    host |= pin_volumes(host, entries(found, "Mounts"))
    for mode in MODES.values():
        host[mode] = _by_name(str(host.get(mode) or ""), JOINED, seen.names)
    host["VolumesFrom"] = [_by_name(source, "", seen.names) for source in entries(host, "VolumesFrom")] or None
    spec = ContainerSpec(
        id="",
        container_name=str(found["Name"]).lstrip("/"),
        image=str(found["Config"]["Image"]),
        image_id=str(found["Image"]),
        api_version=seen.api_version,
        config=_config(found, host, seen.image),
        host_config=host,
        endpoints=endpoints_of(str(found["Id"]), primary, attached, mac),
        networks={body["Name"]: network_body(body) for body in seen.networks if body["Name"] not in PREDEFINED},
        volumes=volumes_of(entries(found, "Mounts")),
        unfaithful=tuple(unfaithful),
    )
    return replace(spec, id=_digest(_content(spec)))


def create_body(spec: ContainerSpec, image: str, api_version: tuple[int, int]) -> dict[str, Any]:
    """The body of POST /containers/create. `image` is a name that is known to mean the spec's image, or its ID."""
    body: dict[str, Any] = {**spec.config, "Image": image, "HostConfig": dict(spec.host_config)}
    endpoints = {name: dict(endpoint) for name, endpoint in spec.endpoints.items()}
    if str(spec.host_config["NetworkMode"]).startswith(JOINED) or not endpoints:
        return body
    if api_version < ALL_NETWORKS_AT_CREATE:
        primary = next(iter(endpoints))
        mac = endpoints[primary].pop(MAC, None)
        return {
            **body,
            **({MAC: mac} if mac else {}),
            "NetworkingConfig": {"EndpointsConfig": {primary: endpoints[primary]}},
        }
    return {**body, "NetworkingConfig": {"EndpointsConfig": endpoints}}


def connect_body(spec: ContainerSpec, container: str, network: str, api_version: tuple[int, int]) -> dict[str, Any]:
    """The body of POST /networks/NAME/connect."""
    endpoint = dict(spec.endpoints[network])
    if api_version < ALL_NETWORKS_AT_CREATE:
        endpoint.pop(MAC, None)
    return {"Container": container, "EndpointConfig": endpoint}


def networks_unknown(spec: ContainerSpec) -> set[str]:
    """Networks that it is on and that were gone when it was captured, so that nothing tells how to make them again."""
    return set(spec.endpoints) - set(spec.networks) - PREDEFINED


def with_networks_of(earlier: ContainerSpec, spec: ContainerSpec) -> ContainerSpec:
    """The spec, with those of its unknown networks that an earlier spec of the same service knows."""
    known = {name: body for name, body in earlier.networks.items() if name in networks_unknown(spec)}
    joined = replace(spec, networks={**spec.networks, **known})
    return replace(joined, id=_digest(_content(joined)))


def references(container: Mapping[str, Any]) -> set[str]:
    """The containers that an inspected one refers to, as the engine names them: by full ID where it resolved them."""
    host = container["HostConfig"]
    return {*joined(host).values()} | {source.partition(":")[0] for source in entries(host, "VolumesFrom")}


def config_hash(spec: ContainerSpec) -> str:
    """SHA-256 of what makes a deployment another one: image, configuration, networks.

    Left out: names of anonymous volumes (a fresh container has fresh ones), Compose's own labels (they change when a
    folder is moved or Compose updated), and empty values, which come and go with the engine's version.
    """
    anonymous = {name for name in spec.volumes if _is_random(name)}
    mounts = [mount for mount in entries(spec.host_config, "Mounts") if mount.get("Source") not in anonymous]
    binds = [bind for bind in entries(spec.host_config, "Binds") if bind.partition(":")[0] not in anonymous]
    labels = {
        name: value for name, value in section(spec.config, "Labels").items() if not name.startswith(COMPOSE_LABELS)
    }
    content = {
        "image": spec.image_id,
        "config": {**spec.config, "Labels": labels},
        "host": {**spec.host_config, "Mounts": mounts, "Binds": sorted(binds)},
        "endpoints": spec.endpoints,
    }
    return _digest(_without_empty(content))


def _config(found: Mapping[str, Any], host: Mapping[str, Any], image: Mapping[str, Any]) -> dict[str, Any]:
    config = {name: value for name, value in found["Config"].items() if name not in {"Image", MAC}}
    hostname = config.get("Hostname")
    lives_elsewhere = str(host["NetworkMode"]).startswith(JOINED)
    if hostname == str(found["Id"])[:12] or lives_elsewhere or host.get("UTSMode") == "host":
        config["Hostname"] = ""
    if lives_elsewhere:
        config |= {"Domainname": "", "ExposedPorts": None}
    if not config.get("Entrypoint") and section(image, "Config").get("Entrypoint"):
        config["Entrypoint"] = [""]  # switched off on purpose: with null the image's would come back
    return config


def _links(links: list[str] | None) -> list[str] | None:
    """`/db:/web/alias`, as inspected, becomes `db:alias`, as asked for."""
    if not links:
        return links
    pairs = (link.partition(":")[::2] for link in links)
    return [f"{target.lstrip('/')}:{alias.rpartition('/')[2]}" for target, alias in pairs]


def _by_name(reference: str, prefix: str, names: Mapping[str, str]) -> str:
    if not reference.startswith(prefix):
        return reference
    target, colon, mode = reference.removeprefix(prefix).partition(":")
    return f"{prefix}{names.get(target, target)}{colon}{mode}"


def _unfaithful(seen: Captured) -> list[str]:
    reasons: list[str] = []
    if seen.container["HostConfig"].get("AutoRemove"):
        reasons.append("it was started with --rm, so its end is its removal")
    reasons += [
        f"it shares something with container {target[:12]}, which no longer exists"
        for target in sorted(references(seen.container) - set(seen.names))
    ]
    if seen.copied_in:
        paths = ", ".join(seen.copied_in[:3])
        reasons.append(
            f"Compose copied secrets or configs into its file system ({paths}), and they cannot be read back"
        )
    return reasons


def _is_random(volume: str) -> bool:
    """The engine names anonymous volumes with 64 hexadecimal digits."""
    return len(volume) == 64 and set(volume) <= set("0123456789abcdef")  # noqa: PLR2004 - said above


def _content(spec: ContainerSpec) -> dict[str, Any]:
    return {
        "api": spec.api_version,  # the same container, inspected by an engine that knows more
        "name": spec.container_name,
        "image": [spec.image, spec.image_id],
        "config": spec.config,
        "host": spec.host_config,
        "endpoints": spec.endpoints,
        "networks": spec.networks,
        "volumes": spec.volumes,
        "unfaithful": spec.unfaithful,
    }


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _without_empty(value: Any) -> Any:
    match value:
        case dict():
            pruned = {key: _without_empty(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]  # JSON
            return {key: item for key, item in pruned.items() if item or item == [""]}  # pyright: ignore[reportUnknownVariableType]  # JSON
        case list() | tuple():
            return [_without_empty(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
        case _:
            return value
