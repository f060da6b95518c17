"""What a command of Docker Compose would do to each container of its project, by Compose's own rules.

The rules are those of Compose 2.40 (`pkg/compose/convergence.go` and the files of the verbs), tried against it by
tests/fidelity/test_compose_changes.py. Not foreseen is what follows from networks and volumes: Compose restarts all
containers of a network whose definition changed. Those that `docker compose run` makes are no service's, and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import Final

from watchdog.model.compose_intent import Action, ComposeChange, ComposeContainer, ComposeIntent, ComposeService
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.policy.compose_hash import config_hash, lives_in, settled
from watchdog.policy.discovery import NUMBER, ONEOFF, PROJECT, SERVICE

CONFIG_HASH: Final = "com.docker.compose.config-hash"
IMAGE: Final = "com.docker.compose.image"

_CONVERGING: Final = frozenset({"up", "create", "scale", "run"})
FORESEEN: Final = _CONVERGING | {"down", "stop", "kill", "rm", "start", "restart"}
"""Verbs whose changes are known. Of the others most change no container; `pause`, `unpause` and `watch` do."""
_SORTED_BY_INSERTION: Final = 12
"""Up to so many containers, Go's sort leaves obsolete ones in an order that can be told."""


def compose_containers(project: str, containers: Iterable[Container]) -> tuple[ComposeContainer, ...]:
    """Those that Compose takes for the project's; whose number cannot be read is left out."""
    return tuple(filter(None, (_compose_container(one) for one in containers if one.labels.get(PROJECT) == project)))


def _compose_container(container: Container) -> ComposeContainer | None:
    labels = container.labels
    number = labels.get(NUMBER, "")
    if CONFIG_HASH not in labels or SERVICE not in labels or not (number.isascii() and number.isdigit()):
        return None
    return ComposeContainer(
        id=container.id,
        name=container.name,
        service=labels[SERVICE],
        number=int(number),
        config_hash=labels[CONFIG_HASH],
        image_id=labels.get(IMAGE, ""),
        running=container.running,
        oneoff=labels.get(ONEOFF) == "True",
        created_at=container.created_at,
    )


def changes(
    intent: ComposeIntent, containers: Iterable[ComposeContainer], images: Mapping[str, str] = MappingProxyType({})
) -> tuple[ComposeChange, ...]:
    """One change for each container that there is or would be, by service; none for a verb that is not `FORESEEN`.

    `images`: reference → ID that it has on the engine now; one that is not there is not compared.
    """
    if intent.verb not in FORESEEN or intent.dry_run:
        return ()
    project = _Project(intent, tuple(one for one in containers if not one.oneoff), images)
    found = {change.service: change for change in project.changes()}
    for one in project.containers:
        key = project.key(one)
        found.setdefault(key, ComposeChange(service=key, action=Action.KEEP, because=project.why_left(one.service)))
    return tuple(found[key] for key in sorted(found))


@dataclass(frozen=True, slots=True)
class _Project:
    intent: ComposeIntent
    containers: tuple[ComposeContainer, ...]
    images: Mapping[str, str]

    def key(self, container: ComposeContainer) -> ServiceKey:
        return ServiceKey(self.intent.project, container.service, container.number)

    def of(self, service: str) -> list[ComposeContainer]:
        return [one for one in self.containers if one.service == service]

    def is_orphan(self, service: str) -> bool:
        return not self.intent.by_containers and service not in self.intent.known

    def why_left(self, service: str) -> str:
        if self.is_orphan(service):
            return "the Compose files have no such service, and without --remove-orphans it is left alone"
        return "the command is not about it"

    def changes(self) -> Iterator[ComposeChange]:
        intent = self.intent
        if intent.verb in _CONVERGING:
            yield from _Convergence(self).changes()
        else:
            for one in self.containers:
                if one.service in self.concerned():
                    yield self.changed(one, *self.ordered(one))
        if intent.remove_orphans:
            for one in self.containers:
                if self.is_orphan(one.service):
                    yield self.changed(one, *self.orphaned(one))

    def changed(self, one: ComposeContainer, action: Action, because: str, *, sure: bool = True) -> ComposeChange:
        return ComposeChange(service=self.key(one), action=action, because=because, sure=sure)

    def concerned(self) -> frozenset[str]:
        """The services whose containers a verb that makes none is about."""
        intent = self.intent
        every = (
            frozenset(one.service for one in self.containers) if intent.by_containers else frozenset(intent.services)
        )
        if not intent.named:
            return every
        match intent.verb:
            case "start" if not intent.by_containers:  # what it names and what that needs: no other service was read
                return every
            case "restart" if not intent.no_dependencies:
                return self.restarted_with(frozenset(intent.named))
            case _:
                return frozenset(intent.named)

    def restarted_with(self, names: frozenset[str]) -> frozenset[str]:
        more = {
            name
            for name, service in self.intent.services.items()
            if any(restarts and other in names for other, restarts in service.depends_on.items())
        }
        return names if more <= names else self.restarted_with(names | more)

    def ordered(self, one: ComposeContainer) -> tuple[Action, str]:
        """What a verb that makes no containers does to one that it is about."""
        match self.intent.verb:
            case "down":
                return Action.REMOVE, "`down` removes it"
            case "rm" if one.running and not self.intent.stop_first:
                return Action.KEEP, "it runs, and without --stop `rm` removes only what does not"
            case "rm":
                return Action.REMOVE, "`rm` removes it"
            case "restart":
                return Action.RESTART, "`restart` restarts it"
            case "start":
                return (Action.KEEP, "it runs") if one.running else (Action.START, "`start` starts it")
            case verb:
                return (Action.STOP, f"`{verb}` ends it") if one.running else (Action.KEEP, "it does not run")

    def orphaned(self, one: ComposeContainer) -> tuple[Action, str]:
        why = "the Compose files have no such service, and --remove-orphans is given"
        if self.intent.verb == "kill":
            return (Action.STOP, why) if one.running else (Action.KEEP, "it does not run")
        return Action.REMOVE, why


class _Convergence:
    """Compose's way from what is to what should be, service by service, what is needed before what needs it."""

    def __init__(self, project: _Project) -> None:
        self._project = project
        self._intent = project.intent
        self._after: dict[str, list[tuple[ComposeContainer, ComposeChange]]] = {}

    def changes(self) -> Iterator[ComposeChange]:
        services = self._services()
        needs = {
            name: [other for other in service.depends_on if other in services] for name, service in services.items()
        }
        for name in TopologicalSorter(needs).static_order():
            yield from self._service(name, services[name])

    def _services(self) -> Mapping[str, ComposeService]:
        intent = self._intent
        named = set(intent.named)
        if intent.verb == "run":  # makes a container that is no service's, and brings up what that needs
            return {} if intent.no_dependencies else {n: s for n, s in intent.services.items() if n not in named}
        return {n: s for n, s in intent.services.items() if n in named or not (named and intent.no_dependencies)}

    def _service(self, name: str, service: ComposeService) -> Iterator[ComposeChange]:
        there = self._project.of(name)
        wanted = self._intent.scale.get(name, service.replicas)
        obsolete = {one.id: self._why_obsolete(service, one) for one in there}
        uncertain = any(obsolete.values()) and len(there) > max(wanted, _SORTED_BY_INSERTION)
        # up to date before obsolete; of the former the lowest numbers, of the latter the newest are kept
        there.sort(key=lambda one: (0, one.number) if not obsolete[one.id] else (1, -one.created_at))
        fates = [
            (one, self._fate(service, one, obsolete[one.id]))
            if place < wanted
            else (one, self._project.changed(one, Action.REMOVE, self._surplus(wanted), sure=not uncertain))
            for place, one in enumerate(there)
        ]
        self._after[name] = fates
        yield from (change for _, change in fates)
        free = max((one.number for one in there), default=0) + 1
        for number in range(free, free + wanted - len(there)):
            key = ServiceKey(self._intent.project, name, number)
            because = "it has no container" if not there else f"there are {len(there)} of the {wanted} that are wanted"
            yield ComposeChange(service=key, action=Action.CREATE, because=because)

    @staticmethod
    def _surplus(wanted: int) -> str:
        return f"{wanted} {'is' if wanted == 1 else 'are'} wanted"

    def _fate(self, service: ComposeService, one: ComposeContainer, obsolete: str) -> ComposeChange:
        changed = self._project.changed
        if obsolete:
            return changed(one, Action.RECREATE, obsolete)
        doubt = self._doubt(service)
        starts = self._intent.verb != "create" and not self._intent.no_start
        remade = [other for other, restarts in service.depends_on.items() if restarts and self._remade(other)]
        if one.running and remade:
            action, how = (Action.RESTART, "restarted") if starts else (Action.STOP, "only stopped")
            because = f"it depends on {remade[0]}, which is made anew, and is {how} with it"
            return changed(one, action, because, sure=not doubt)
        if not one.running and starts:
            return changed(one, Action.START, doubt or "it does not run", sure=not doubt)
        return changed(one, Action.KEEP, doubt or "it is as the Compose files say", sure=not doubt)

    def _remade(self, name: str) -> bool:
        return any(change.action is Action.RECREATE for _, change in self._after.get(name, ()))

    def _forced(self, name: str) -> bool:
        named = not self._intent.named or name in self._intent.named
        return self._intent.force_recreate if named else self._intent.recreate_dependencies

    def _why_obsolete(self, service: ComposeService, one: ComposeContainer) -> str:
        """Why it would be made anew; empty where it would not."""
        if self._intent.no_recreate:
            return ""
        if self._forced(one.service):
            return "the command asks for new containers"
        wanted = service.config_hash
        if wanted and (sharing := sorted(lives_in(service.configuration))):
            parents = {name: self._parent(name) for name in sharing}
            new = [name for name, parent in parents.items() if not parent]
            if new:
                return f"it lives with the container of {new[0]}, which is a new one"
            wanted = config_hash(settled(service.configuration, parents))
        if wanted and one.config_hash != wanted:
            return "its configuration differs"
        image = self._project.images.get(service.image)
        return "its image is another one" if image and image != one.image_id else ""

    def _parent(self, name: str) -> str:
        """The ID of the container that others live with, the first by name; empty where that is a new one."""
        if self._remade(name):  # until it gets its name, it has one that comes before the others
            return ""
        gone = {one.id for one, change in self._after.get(name, ()) if change.action is Action.REMOVE}
        remain = [one for one in self._project.of(name) if one.id not in gone]
        return min(remain, key=lambda one: one.name).id if remain else ""

    def _doubt(self, service: ComposeService) -> str:
        """Why one that is up to date may be made anew all the same."""
        if self._intent.no_recreate:
            return ""
        if service.image_renewed:
            return "its image is built or pulled first, and it is made anew if that gives another one"
        if not service.config_hash:
            return "whether its configuration differs cannot be told with this version of Compose"
        return ""
