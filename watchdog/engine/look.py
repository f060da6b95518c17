"""Looking at the engine: lists, inspects, captures. Makes no change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from watchdog.engine import parse
from watchdog.engine.copied import copied_in
from watchdog.engine.endpoints import PREDEFINED, made_otherwise
from watchdog.engine.fields import section
from watchdog.engine.protocol import EngineIdentity, Summary
from watchdog.engine.spec import Captured, capture, references
from watchdog.engine.taken import addresses_taken, ports_taken
from watchdog.engine.transport import Transport
from watchdog.errors import EngineUnavailable, NotFound
from watchdog.model.container import Container, ContainerSpec, Survey
from watchdog.policy.discovery import PROJECT, inherits_service

MOST_IMAGES: Final = 4096
"""Images whose labels are remembered."""

NOT_ANSWERED: Final = "N/A"
"""What the engine calls the version of a part that does not answer it."""


class Look:
    """Every method may raise what `engine.protocol` says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._labels_of_images: dict[str, Mapping[str, Any]] = {}
        """By image ID; what an image is never changes."""

    async def identify(self) -> EngineIdentity:
        version = await self._transport.negotiate()
        system = await self._transport.get("info")
        if section(system, "ContainerdCommit").get("ID") == NOT_ANSWERED:
            raise EngineUnavailable(
                "the engine answers, but its containerd does not: nothing can be started or seen to end"
            )
        return EngineIdentity(
            id=system["ID"],
            name=system["Name"],
            version=version["Version"],
            api_version=self._transport.api_version,
            containers_running=system["ContainersRunning"],
        )

    async def list_containers(self) -> tuple[Summary, ...]:
        lines = await self._transport.get("containers/json", {"all": 1})
        return tuple(parse.summary_from(line) for line in parse.named(lines))

    async def inspect(self, container: str) -> Container:
        found = parse.container_from(await self.raw(container))
        if PROJECT not in found.labels:
            return found
        if found.image_id not in self._labels_of_images:
            image = await self._absent_is_none(f"images/{quote(found.image_id)}/json")
            if len(self._labels_of_images) >= MOST_IMAGES:
                self._labels_of_images.clear()
            self._labels_of_images[found.image_id] = section(section(image or {}, "Config"), "Labels")
        inherited = inherits_service(found.labels, self._labels_of_images[found.image_id])
        return replace(found, inherits_service=inherited) if inherited else found

    async def raw(self, container: str) -> Mapping[str, Any]:
        """The engine's own inspect object."""
        return await self._transport.get(f"containers/{quote(container)}/json")

    async def capture(self, container: str, names: Mapping[str, str]) -> ContainerSpec:
        found = await self.raw(container)
        attached = [name for name in section(found["NetworkSettings"], "Networks") if name not in PREDEFINED]
        image, copied, networks, found_names = await asyncio.gather(
            self._absent_is_none(f"images/{quote(found['Image'])}/json"),
            copied_in(self._transport, found),
            asyncio.gather(*(self._absent_is_none(f"networks/{quote(name)}") for name in attached)),
            self._names(references(found) - names.keys()),
        )
        return capture(
            Captured(
                container=found,
                image=image or {},
                networks=tuple(network for network in networks if network is not None),
                names={**found_names, **names},
                copied_in=copied,
                api_version=self._transport.api_version,
            )
        )

    async def survey(self, spec: ContainerSpec) -> Survey:
        image, holder, lines, volumes, networks = await asyncio.gather(
            self._absent_is_none(f"images/{quote(spec.image_id)}/json"),
            self._absent_is_none(f"containers/{quote(spec.container_name)}/json"),
            self._transport.get("containers/json"),
            asyncio.gather(*(self._absent_is_none(f"volumes/{quote(name)}") for name in spec.volumes)),
            asyncio.gather(*(self._absent_is_none(f"networks/{quote(name)}") for name in spec.networks)),
        )
        named = holder is not None and holder["Name"] == f"/{spec.container_name}"
        return Survey(
            image_present=image is not None,
            volumes_gone=_gone(spec.volumes, volumes),
            networks_gone=_gone(spec.networks, networks),
            networks_changed=tuple(
                name
                for name, found in zip(spec.networks, networks, strict=True)
                if found is not None and made_otherwise(spec, name, found)
            ),
            name_holder=holder["Id"] if holder is not None and named else None,
            taken=(
                *ports_taken(spec, parse.named(lines)),
                *addresses_taken(spec, (one for one in networks if one is not None)),
            ),
        )

    async def means(self, image: str, image_id: str) -> bool:
        """Whether a name stands for that very image now."""
        found = await self._absent_is_none(f"images/{quote(image)}/json")
        return found is not None and found["Id"] == image_id

    async def _names(self, containers: set[str]) -> dict[str, str]:
        """Reference → name of the containers that still exist."""
        ordered = sorted(containers)
        found = await asyncio.gather(*(self._absent_is_none(f"containers/{quote(name)}/json") for name in ordered))
        pairs = zip(ordered, found, strict=True)
        return {name: container["Name"].lstrip("/") for name, container in pairs if container is not None}

    async def _absent_is_none(self, path: str) -> Mapping[str, Any] | None:
        call: Awaitable[Mapping[str, Any]] = self._transport.get(path)
        try:
            return await call
        except NotFound:
            return None


def _gone(names: Mapping[str, object], found: list[Mapping[str, Any] | None]) -> tuple[str, ...]:
    """Those of which nothing was found, or something else: the engine also takes prefixes of IDs for names."""
    pairs = zip(names, found, strict=True)
    return tuple(name for name, thing in pairs if thing is None or thing["Name"] != name)
