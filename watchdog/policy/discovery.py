"""Which containers are services, and under which key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from watchdog.model.container import Container, ContainerState
from watchdog.model.identity import ServiceKey
from watchdog.model.settings import DiscoveryMode, DiscoverySettings, Settings

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONEOFF = "com.docker.compose.oneoff"
SWARM = "com.docker.swarm.service.id"
SWARM_NAME = "com.docker.swarm.service.name"
ENABLE = "watchdog.enable"
AUTOHEAL = "autoheal"

_COMPOSE_SWAP = re.compile(r"[a-f0-9]{12}_.+")
"""What Compose calls a container that it is about to swap in, or left behind when interrupted."""

_OWN = re.compile(r"(?P<original>.+)\.watchdog-(?P<role>new|old)-[0-9a-z]+")

NONCE = 8
"""Random bytes of a name that watchdog gives: nobody else comes upon it."""


def successor_name(name: str, nonce: str) -> str:
    """The name under which a container is made before it takes its place."""
    return f"{name}.watchdog-new-{nonce}"


def aside_name(name: str, nonce: str) -> str:
    """The name of a container that was set aside for its successor."""
    return f"{name}.watchdog-old-{nonce}"


@dataclass(frozen=True, slots=True)
class OwnName:
    """A name that watchdog gave: `original` is the name that the container had or should get."""

    original: str
    successor: bool


def read_own_name(name: str) -> OwnName | None:
    """What a name that watchdog gives while it replaces a container says; None for any other name."""
    match = _OWN.fullmatch(name)
    return OwnName(match["original"], match["role"] == "new") if match else None


def is_own_name(name: str) -> bool:
    return read_own_name(name) is not None


def is_aside(name: str) -> bool:
    """Whether a container of that name was set aside, and waits to be put back or removed."""
    own = read_own_name(name)
    return own is not None and not own.successor


def is_swapped_in(name: str) -> bool:
    """Whether Compose is about to give a container of that name its place, or was interrupted in that."""
    return _COMPOSE_SWAP.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class NotAService:
    """`by_choice`: a person chose not to have it watched, so the service it stands for is not missing."""

    because: str
    by_choice: bool = False


def key_of(name: str, labels: Mapping[str, str]) -> ServiceKey:
    """The key that a container has by its labels, else by its name; no judgement whether it is a service."""
    project, service = labels.get(PROJECT, ""), labels.get(SERVICE, "")
    if not (project and service) or "/" in project + service or "#" in project + service:
        return ServiceKey("", name)
    number = labels.get(NUMBER, "1")
    return ServiceKey(project, service, int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else 1)


def inherits_service(labels: Mapping[str, str], of_image: Mapping[str, str]) -> bool:
    """Whether all that makes a container one of a Compose service are labels of its image.

    Compose gives its images project and service, and its containers a number, too.
    """
    said = {label: labels[label] for label in (PROJECT, SERVICE, NUMBER) if label in labels}
    return bool(said) and said.items() <= of_image.items()


def settled(named: Mapping[str, ServiceKey], met: Mapping[ServiceKey, str]) -> dict[str, ServiceKey]:
    """Whose each container is. One that was renamed stays its service's, unless names were given on purpose.

    That is so when it now bears the name of another service of `met`, or another container bears its service's name.
    `named`: full ID → the key by labels or name. `met`: protected service → full ID of the container that it had last.
    """
    borne = set(named.values())
    renamed = {container: key for key, container in met.items() if key not in borne}
    return {
        container: renamed[container] if container in renamed and key not in met else key
        for container, key in named.items()
    }


def stands_for(name: str, labels: Mapping[str, str]) -> ServiceKey:
    """As `key_of`, with the name that a container had before watchdog gave it one."""
    own = read_own_name(name)
    return key_of(own.original if own is not None else name, labels)


def explicitly_enabled(labels: Mapping[str, str]) -> bool:
    """A person asked for this container to be watched, so it should be up even before it is proven."""
    return labels.get(ENABLE, "").lower() == "true" or labels.get(AUTOHEAL, "").lower() == "true"


def classify(
    name: str,
    labels: Mapping[str, str],
    discovery: DiscoverySettings,
    *,
    configured: bool,
) -> ServiceKey | NotAService:
    """The key of the service that a container belongs to, or why it is none."""
    if is_swapped_in(name):
        return NotAService("Compose is replacing it, or was interrupted")
    if SWARM in labels:
        return NotAService("managed by Swarm, left to Swarm")
    if labels.get(ONEOFF, "").lower() == "true":
        return NotAService("a one-off container of `docker compose run`")
    if labels.get(ENABLE, "").lower() == "false":
        return NotAService(f"its label {ENABLE} is false", by_choice=True)
    key = key_of(name, labels)
    if any(fnmatchcase(candidate, pattern) for pattern in discovery.exclude for candidate in (str(key), name)):
        return NotAService("excluded by discovery.exclude", by_choice=True)
    because = _left_out_by_mode(discovery.mode, labels, configured=configured)
    return key if because is None else NotAService(because, by_choice=True)


def _left_out_by_mode(mode: DiscoveryMode, labels: Mapping[str, str], *, configured: bool) -> str | None:
    match mode:
        case DiscoveryMode.LABELLED if not (configured or explicitly_enabled(labels)):
            return f"discovery.mode is labelled and it has no label {ENABLE}=true"
        case DiscoveryMode.CONFIGURED if not configured:
            return "discovery.mode is configured and it is not in the configuration"
        case _:
            return None


def service_of(settings: Settings, name: str, labels: dict[str, str]) -> ServiceKey | NotAService:
    """The service that a container belongs to under these settings, or why it is none."""
    anyway = classify(name, labels, settings.discovery, configured=True)
    if isinstance(anyway, NotAService):
        return anyway
    named = [own for key, own in settings.services if key.means(anyway)]
    if any(not own.enabled for own in named):
        return NotAService("its [[service]] says enabled = false", by_choice=True)
    return classify(name, labels, settings.discovery, configured=bool(named))


def left_out(settings: Settings, key: ServiceKey, labels: Mapping[str, str]) -> bool:
    """Whether a container of that service with these labels would be no service under these settings."""
    named = {PROJECT: key.project, SERVICE: key.name, NUMBER: str(key.number)} if key.project else {}
    return isinstance(service_of(settings, key.name, {**labels, **named}), NotAService)


def incumbent(containers: Iterable[Container]) -> Container | None:
    """The container that stands for a service that has several: one that runs, the newest of them."""
    alive = {ContainerState.RUNNING, ContainerState.PAUSED, ContainerState.RESTARTING}
    return max(containers, key=lambda c: (c.state in alive, c.created_at, c.id), default=None)
