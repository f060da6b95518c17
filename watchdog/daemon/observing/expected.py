"""What else says that a service should exist: the Compose files that containers and the ledger name."""

from __future__ import annotations

from pathlib import Path

from watchdog.config.compose import compose_services
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.world import World
from watchdog.model.container import ContainerState, RestartPolicy
from watchdog.model.identity import ServiceKey

CONFIG_FILES = "com.docker.compose.project.config_files"
WORKING_DIR = "com.docker.compose.project.working_dir"


def named_in_compose(world: World) -> dict[ServiceKey, str]:
    """Services that a readable Compose file wants, and where it says so; what cannot be read says nothing."""
    wanted: dict[ServiceKey, str] = {}
    for project, (files, directory) in _projects(world).items():
        for name, count in compose_services(files, directory).expected.items():
            for number in range(1, count + 1):
                wanted[ServiceKey(project, name, number)] = f"named in {files[0]}"
    return wanted


def _projects(world: World) -> dict[str, tuple[tuple[Path, ...], Path]]:
    """Compose project → its files and working directory, as labels of containers or the ledger tell."""
    found: dict[str, tuple[tuple[Path, ...], Path]] = {}
    for key, record in world.memory.records.items():
        if key.project and record.compose_files:
            files = tuple(map(Path, record.compose_files))
            found[key.project] = (files, files[0].parent)
    for watched in world.services.values():
        names = watched.labels.get(CONFIG_FILES, "")
        if watched.key.project and names:
            files = tuple(map(Path, names.split(",")))
            found[watched.key.project] = (files, Path(watched.labels.get(WORKING_DIR) or files[0].parent))
    return found


def expected_because(world: World, watched: ServiceState) -> str | None:
    """What says that the service should run, though it was never proven; None when nothing does."""
    container = watched.container
    if watched.settings.configured:
        return "named in the configuration"
    if watched.key in world.wanted:
        return world.wanted[watched.key]
    if container is None:
        return None
    if container.restart_policy in {RestartPolicy.ALWAYS, RestartPolicy.UNLESS_STOPPED}:
        return f"its restart policy is {container.restart_policy.value}"
    if container.state in {ContainerState.RUNNING, ContainerState.RESTARTING}:
        return "it was started"
    return None
