"""What a command of Docker Compose is about, asked of the same Compose with the same files and environment."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from watchdog.cli.compose_flags import VERBS, ComposeCall, NotUnderstood, Read, compose_call, compose_program, truth
from watchdog.errors import WatchdogError
from watchdog.model.compose_intent import ComposeIntent, ComposeService
from watchdog.policy.compose_hash import config_hash, lives_in, with_env_files
from watchdog.programs import kill_group

SECONDS: Final = 30.0
"""Files may be fetched from elsewhere (`include` of a repository)."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a project as Compose prints it."""
SAID: Final = 300
"""Characters of what Compose says that are shown."""

_NEEDS_NO_FILES: Final = frozenset({"down", "stop", "kill", "rm", "start", "restart"})
_PULLED_ANEW: Final = frozenset({"always", "build", "daily", "weekly"})


def recognised(command: Sequence[str]) -> bool:
    """Whether the command calls Docker Compose by itself: not by `sudo`, `env` or a shell."""
    return compose_program(command) > 0


async def read_intent(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str], *, hashed: bool = True
) -> ComposeIntent | None:
    """What a command that is `recognised` asks for; None where that cannot be told, or it asks for nothing.

    Of a verb that changes no containers, or is not known here, only the verb is read. Not `hashed` it is known sooner,
    and tells which services there are, not what would become of their containers. Raises WatchdogError when
    Compose cannot read the project, with what it said.
    """
    try:
        call = compose_call(command)
    except NotUnderstood:
        return None
    if call is None:
        return None
    asked = _Asked(call, environment)
    if call.verb not in VERBS:
        return asked.intent("", {}, frozenset())
    if asked.by_containers:
        return asked.intent(call.globals.last("project-name"), {}, frozenset())
    compose = _Compose(call, cwd, environment)
    selected = () if call.verb == "restart" else asked.named
    whole = await compose.project(selected)
    written: Mapping[str, Mapping[str, Any]] = await compose.written() if hashed else {}
    hashes: Mapping[str, str] = await compose.hashes() if hashed else {}
    services = {
        name: asked.service(name, whole["name"], service, written.get(name, {}), hashes.get(name, ""))
        for name, service in whole.get("services", {}).items()
        if "provider" not in service
    }
    return asked.intent(whole["name"], services, frozenset(hashes))


class _Asked:
    """The words of the command."""

    def __init__(self, call: ComposeCall, environment: Mapping[str, str]) -> None:
        self._call = call
        self._environment = environment
        self._flags: Read = call.flags

    @property
    def by_containers(self) -> bool:
        """Compose looks at no file then, even if there is one."""
        given = self._call.globals
        return self._call.verb in _NEEDS_NO_FILES and bool(given.last("project-name")) and not given.all("file")

    @property
    def named(self) -> tuple[str, ...]:
        match self._call.verb:
            case "run":
                return tuple(self._flags.rest[:1])
            case "scale":
                return tuple(_replicas(self._flags.rest))
            case _:
                return tuple(self._flags.rest)

    def intent(self, project: str, services: Mapping[str, ComposeService], known: frozenset[str]) -> ComposeIntent:
        flags, verb = self._flags, self._call.verb
        orphans = verb in {"up", "down", "kill"} and truth(self._environment.get("COMPOSE_REMOVE_ORPHANS", ""))
        return ComposeIntent(
            project=project,
            verb=verb,
            services=services,
            known=known,
            by_containers=verb in VERBS and self.by_containers,
            named=self.named,
            scale=_replicas(flags.rest if verb == "scale" else flags.all("scale")),
            remove_orphans=flags.switched("remove-orphans", otherwise=orphans),
            force_recreate=flags.switched("force-recreate") or flags.switched("renew-anon-volumes"),
            recreate_dependencies=flags.switched("always-recreate-deps"),
            no_recreate=flags.switched("no-recreate"),
            no_dependencies=flags.switched("no-deps"),
            no_start=flags.switched("no-start"),
            stop_first=flags.switched("stop"),
            remove_volumes=flags.switched("volumes"),
            dry_run=flags.switched("dry-run") or self._call.globals.switched("dry-run"),
        )

    def service(
        self, name: str, project: str, resolved: Mapping[str, Any], written: Mapping[str, Any], by_compose: str
    ) -> ComposeService:
        """Compose prints hashes without the variables of `env_file`, which are in those of containers.

        So the hash is taken here, and only where what Compose prints is met in the same way.
        """
        told = config_hash(with_env_files(resolved, written)) == by_compose
        separator = "_" if self._call.globals.switched("compatibility") else "-"
        return ComposeService(
            config_hash=config_hash(resolved) if told else "",
            replicas=_scale(resolved),
            image=resolved.get("image") or f"{project}{separator}{name}",
            image_renewed=self._image_renewed(resolved),
            depends_on={other: bool(how.get("restart")) for other, how in _table(resolved, "depends_on").items()},
            configuration=resolved if lives_in(resolved) else {},
        )

    def _image_renewed(self, service: Mapping[str, Any]) -> bool:
        flags, builds = self._flags, "build" in service
        policy = flags.last("pull") or str(service.get("pull_policy") or "")
        if builds and flags.switched("build"):
            return True
        if builds and policy == "build":
            return not flags.switched("no-build")
        return policy in _PULLED_ANEW or policy.startswith("every_")


def _scale(service: Mapping[str, Any]) -> int:
    for replicas in (service.get("scale"), _table(service, "deploy").get("replicas")):
        if replicas is not None:
            return int(replicas)
    return 1


def _table(service: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return service.get(key) or {}


def _replicas(words: Sequence[str]) -> dict[str, int]:
    """Of `web=3`; what Compose refuses is left out."""
    pairs = (word.partition("=") for word in words)
    return {name: int(number) for name, _, number in pairs if number.isascii() and number.isdigit()}


class _Compose:
    """The same program with the same global flags."""

    def __init__(self, call: ComposeCall, cwd: Path, environment: Mapping[str, str]) -> None:
        self._program = call.program
        self._cwd = cwd
        self._environment = environment

    async def project(self, services: Sequence[str]) -> Mapping[str, Any]:
        """As `up` takes it: `env_file` read, what the services need added, inactive profiles left out."""
        return self._json(self._good(*await self._run("config", "--format", "json", "--", *services)))

    async def written(self) -> Mapping[str, Any]:
        """The services as they stand in the files; empty where variables stand in places that Compose has to read."""
        code, out, _ = await self._run("config", "--no-interpolate", "--format", "json")
        return {} if code else self._json(out).get("services", {})

    async def hashes(self) -> Mapping[str, str]:
        """Of all services, whatever their profiles."""
        printed = self._good(*await self._run("--profile", "*", "config", "--hash", "*"))
        return dict(line.split(" ", 1) for line in printed.decode().splitlines() if " " in line)

    def _json(self, printed: bytes) -> Mapping[str, Any]:
        try:
            return json.loads(printed.replace(b"$$", b"$"))
        except ValueError:
            raise self._cannot("what it prints is no JSON") from None

    def _good(self, code: int, out: bytes, err: bytes) -> bytes:
        if code == 0:
            return out
        lines = (line for line in err.decode("utf-8", "replace").splitlines() if "level=warning" not in line)
        said = " ".join(" ".join(lines).split())
        said = "".join(char if char.isprintable() else " " for char in said) or f"it ended with {code}"
        raise self._cannot(said if len(said) <= SAID else f"{said[:SAID]}…")

    def _cannot(self, why: str) -> WatchdogError:
        return WatchdogError(f"Docker Compose cannot read the project in {self._cwd}: {why}; mend that and try again")

    async def _run(self, *arguments: str) -> tuple[int, bytes, bytes]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program,
                *arguments,
                cwd=self._cwd,
                env=self._environment,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise self._cannot(f"{self._program[0]} cannot be run: {error.strerror}") from error
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - both are pipes
        try:
            async with asyncio.timeout(SECONDS):
                out, err = await asyncio.gather(_read(process.stdout), _read(process.stderr))
                code = await process.wait()
        except TimeoutError:
            raise self._cannot(f"it took longer than {SECONDS:g} s") from None
        finally:
            kill_group(process)
            await process.wait()
        if len(out) > LARGEST:
            raise self._cannot(f"it is larger than {LARGEST} bytes")
        return code, out, err


async def _read(stream: asyncio.StreamReader) -> bytes:
    """All of it, of which a little more than `LARGEST` is kept."""
    kept = bytearray()
    while chunk := await stream.read(65_536):
        if len(kept) <= LARGEST:
            kept += chunk
    return bytes(kept)
