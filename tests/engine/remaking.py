"""A stage for round trips: the neighbours that containers refer to, and what a plan does to bring one back."""

from __future__ import annotations

from tests.lab.engine import LabEngine
from watchdog.engine.docker import DockerEngine
from watchdog.engine.spec import ALL_NETWORKS_AT_CREATE
from watchdog.model.container import ContainerSpec
from watchdog.model.plan import ConnectNetwork, CreateContainer, RemoveContainer, RenameContainer, StartContainer


def set_stage(engine: LabEngine) -> None:
    """Networks `front` and `back`; containers `peer` (with a volume), `shareable` (its IPC) and `friend` (on front)."""
    engine.image("shop/web:1", volume=["/data"], healthcheck="--interval=9s CMD true", expose=["80"], label={"a": "b"})
    engine.docker("network", "create", "--subnet", "10.77.0.0/24", "--label", "x=y", "front")
    engine.docker("network", "create", "back")
    engine.run("peer", "--volume", "/from")
    engine.run("shareable", "--ipc", "shareable")
    engine.run("friend", "--network", "front")


async def recreated(engine: DockerEngine, spec: ContainerSpec, old: str) -> str:
    """Removes a container and brings it back from its spec, as a plan would."""
    await engine.execute(RemoveContainer(old))
    made = await engine.execute(CreateContainer(spec.id, f"{spec.container_name}.new", spec.image_id), spec)
    version = (await engine.identify()).api_version
    if tuple(map(int, version.split("."))) < ALL_NETWORKS_AT_CREATE:
        for network in list(spec.endpoints)[1:]:
            await engine.execute(ConnectNetwork(spec.id, made, network), spec)
    await engine.execute(RenameContainer(made, spec.container_name))
    await engine.execute(StartContainer(made))
    return made
