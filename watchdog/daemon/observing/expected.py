"""What else says that a service should exist: the Compose files that containers and the ledger name."""

from __future__ import annotations

from pathlib import Path

from watchdog.config.compose import compose_services
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.model.container import ContainerState, RestartPolicy
from watchdog.model.identity import ServiceKey

CONFIG_FILES = "com.docker.compose.project.config_files"
WORKING_DIR = "com.docker.compose.project.working_dir"


def named_in_compose(state: DaemonState) -> dict[ServiceKey, str]:
    """Services that a readable Compose file wants, and where it says so; what cannot be read says nothing."""
    wanted: dict[ServiceKey, str] = {}
    for project, (files, directory) in _projects(state).items():
        for name, count in compose_services(files, directory).expected.items():
            for number in range(1, count + 1):
                wanted[ServiceKey(project, name, number)] = f"named in {files[0]}"
    return wanted


def _projects(state: DaemonState) -> dict[str, tuple[tuple[Path, ...], Path]]:
    """Compose project → its files and working directory, as labels of containers or the ledger tell."""
    found: dict[str, tuple[tuple[Path, ...], Path]] = {}
    for key, record in state.ledger.records.items():
        if key.project and record.compose_files:
            files = tuple(map(Path, record.compose_files))
            found[key.project] = (files, files[0].parent)
    for service in state.services.known.values():
        names = service.labels.get(CONFIG_FILES, "")
        if service.key.project and names:
            files = tuple(map(Path, names.split(",")))
            found[service.key.project] = (files, Path(service.labels.get(WORKING_DIR) or files[0].parent))
    return found


def expected_because(state: DaemonState, service: ServiceState) -> str | None:
    """What says that the service should run, though it was never proven; None when nothing does."""
    container = service.container
    if service.settings.configured:
        return "named in the configuration"
    if service.key in state.services.expected:
        return state.services.expected[service.key]
    if container is None:
        return None
    if container.restart_policy in {RestartPolicy.ALWAYS, RestartPolicy.UNLESS_STOPPED}:
        return f"its restart policy is {container.restart_policy.value}"
    if container.state in {ContainerState.RUNNING, ContainerState.RESTARTING}:
        return "it was started"
    return None
