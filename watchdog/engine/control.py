"""Acting on the engine: one call per step."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any, Final
from urllib.parse import quote

from watchdog.engine.look import Look
from watchdog.engine.neighbour import Neighbours, addresses_of
from watchdog.engine.spec import connect_body, create_body
from watchdog.engine.transport import Transport
from watchdog.errors import Conflict, EngineRefused, NotFound
from watchdog.model.container import ContainerSpec, api_number
from watchdog.model.plan import (
    ConnectNetwork,
    CreateContainer,
    CreateNetwork,
    DisconnectNetwork,
    RemoveContainer,
    RemoveNetwork,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
)

PIN: Final = "watchdog-baseline"
"""Repository of the tags that keep images of proven deployments."""


class Control:
    """Every method may raise what `engine.protocol` says."""

    def __init__(self, transport: Transport, look: Look, neighbours: Neighbours) -> None:
        self._transport = transport
        self._look = look
        self._neighbours = neighbours

    async def forget_addresses(self, container: str) -> None:
        if not self._neighbours.usable:
            return
        try:
            found = await self._look.raw(container)
        except EngineRefused:  # the start is done, whatever became of the container since
            return
        await self._neighbours.forget(addresses_of(found))

    async def execute(self, step: Step, spec: ContainerSpec | None) -> str:  # noqa: C901 - one case for each step
        """Makes the call of a step; the new container's full ID for a create, else ''."""
        match step:
            case CreateContainer():
                return await self._create(step, _needed(spec, step))
            case StartContainer(container):
                await self._post(container, "start")
                await self.forget_addresses(container)
            case RestartContainer(container, stop_timeout):
                await self._post(container, "restart", stop_timeout)
                await self.forget_addresses(container)
            case StopContainer(container, stop_timeout):
                await self._post(container, "stop", stop_timeout)
            case SetRestartPolicy(container, policy, maximum_retries):
                body = {"RestartPolicy": {"Name": policy, "MaximumRetryCount": maximum_retries}}
                await self._transport.change("POST", f"containers/{quote(container)}/update", body=body)
            case RenameContainer(container, name):
                await self._rename(container, name)
            case RemoveContainer(container):
                await self._transport.change("DELETE", f"containers/{quote(container)}", {"v": 0, "force": 1})
            case CreateNetwork(_, network):
                await self._create_network(network, _needed(spec, step))
            case RemoveNetwork(network):
                await self._remove_network(network)
            case ConnectNetwork(_, container, network):
                await self._connect(container, network, _needed(spec, step))
            case DisconnectNetwork(container, network):
                await self._disconnect(container, network)
        return ""

    async def pin(self, image_id: str, service: str) -> None:
        query = {"repo": _pin_repository(service), "tag": _pin_tag(image_id)}
        await self._transport.change("POST", f"images/{quote(image_id)}/tag", query)

    async def unpin(self, image_id: str, service: str) -> None:
        name = f"{_pin_repository(service)}:{_pin_tag(image_id)}"
        try:
            await self._transport.change("DELETE", f"images/{quote(name)}", {"noprune": 1})
        except (NotFound, Conflict):  # gone already, or a container's last name for its image: Docker keeps that one
            return

    async def _create(self, step: CreateContainer, spec: ContainerSpec) -> str:
        """By the image's name while that means the pinned image, so that people see the name; else by its ID."""
        if spec.image != step.image_id and await self._look.means(spec.image, step.image_id):
            made = await self._create_from(step.name, spec, spec.image)
            if (await self._look.inspect(made)).image_id == step.image_id:
                return made
            await self._transport.change("DELETE", f"containers/{made}", {"v": 0})  # the tag moved in between
        return await self._create_from(step.name, spec, step.image_id)

    async def _create_from(self, name: str, spec: ContainerSpec, image: str) -> str:
        body = create_body(spec, image, api_number(self._transport.api_version))
        made: dict[str, Any] = await self._transport.change("POST", "containers/create", {"name": name}, body)
        return str(made["Id"])

    async def _create_network(self, network: str, spec: ContainerSpec) -> None:
        try:
            await self._transport.change("POST", "networks/create", body=spec.networks[network])
        except Conflict:  # a sibling on the same network was faster
            return

    async def _remove_network(self, network: str) -> None:
        try:
            await self._transport.change("DELETE", f"networks/{quote(network)}")
        except NotFound:
            return

    async def _connect(self, container: str, network: str, spec: ContainerSpec) -> None:
        body = connect_body(spec, container, network, api_number(self._transport.api_version))
        try:
            await self._transport.change("POST", f"networks/{quote(network)}/connect", body=body)
        except EngineRefused as error:
            if "already exists in network" not in str(error):
                raise

    async def _rename(self, container: str, name: str) -> None:
        try:
            await self._transport.change("POST", f"containers/{quote(container)}/rename", {"name": name})
        except EngineRefused as error:
            if "same name as its current name" not in str(error):
                raise

    async def _disconnect(self, container: str, network: str) -> None:
        body = {"Container": container, "Force": True}
        try:
            await self._transport.change("POST", f"networks/{quote(network)}/disconnect", body=body)
        except EngineRefused as error:
            if "is not connected to" not in str(error) and not isinstance(error, NotFound):
                raise

    async def _post(self, container: str, verb: str, stop_timeout: float | None = None) -> None:
        query = {} if stop_timeout is None else {"t": math.ceil(stop_timeout)}
        path = f"containers/{quote(container)}/{verb}"
        await self._transport.change("POST", path, query, extra=stop_timeout or 0.0)


def _needed(spec: ContainerSpec | None, step: Step) -> ContainerSpec:
    if spec is None:
        message = f"{step} needs the spec"
        raise ValueError(message)
    return spec


def _pin_tag(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


def _pin_repository(service: str) -> str:
    """A service as an image name: lower case, and a digest where letters had to be replaced, so that none collide."""
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") or "x" for part in service.split("/")]
    name = "/".join(parts)
    return f"{PIN}/{name}" if name == service else f"{PIN}/{name}-{hashlib.sha256(service.encode()).hexdigest()[:8]}"
