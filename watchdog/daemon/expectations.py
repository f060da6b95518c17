"""What else says that a service should exist: the Compose files that containers and the ledger name."""

from __future__ import annotations

from pathlib import Path

from watchdog.config import compose_services
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
from watchdog.model.container import ContainerState, RestartPolicy
from watchdog.model.identity import ServiceKey

CONFIG_FILES = "com.docker.compose.project.config_files"
WORKING_DIR = "com.docker.compose.project.working_dir"


def projects(world: World) -> dict[str, tuple[tuple[Path, ...], Path | None]]:
    """Compose project → its files and working directory, as labels of containers or the ledger tell."""
    found: dict[str, tuple[tuple[Path, ...], Path | None]] = {}
    for key, record in world.memory.records.items():
        if key.project and record.compose_files:
            found[key.project] = (tuple(map(Path, record.compose_files)), None)
    for watched in world.services.values():
        files = watched.labels.get(CONFIG_FILES, "")
        if watched.key.project and files:
            directory = watched.labels.get(WORKING_DIR)
            found[watched.key.project] = (tuple(map(Path, files.split(","))), Path(directory) if directory else None)
    return found


def named_in_compose(world: World) -> tuple[dict[ServiceKey, str], list[str]]:
    """Services that a readable Compose file wants → where it says so; and why a file was not judged."""
    wanted: dict[ServiceKey, str] = {}
    unread: list[str] = []
    for project, (files, directory) in projects(world).items():
        facts = compose_services(files, directory)
        unread += facts.problems
        for name in facts.expected:
            wanted[ServiceKey(project, name)] = f"named in {files[0]}"
    return wanted, unread


def expected_because(world: World, watched: Watched) -> str | None:
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
