"""Which services a Compose project's files say should run. Files are hints: what cannot be read is not judged."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from watchdog.config.rules import is_list, is_table, quoted

_LARGEST: Final = 262_144
_MOST_FILES: Final = 64
_DEEPEST: Final = 16
_MOST_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeFacts:
    expected: Mapping[str, int] = field(default_factory=dict[str, int])
    """Service name → how many containers `docker compose up` brings up by itself, at least 1."""
    idle: Mapping[str, str] = field(default_factory=dict[str, str])
    """Service name → why `docker compose up` does not start it by itself."""
    not_judged: tuple[str, ...] = ()
    """A sentence for each file or service that could not be judged."""


class _NotJudged(Exception):
    """Carries the sentence."""


def compose_services(files: Sequence[Path], working_dir: Path) -> ComposeFacts:
    """What the files, later ones over earlier ones, say should run; never raises.

    When one of them cannot be read nothing is expected: it may be the one that says otherwise. Profiles count as
    not active, variables as not known. Relative paths are taken from `working_dir`.
    """
    reader = _Reader()
    try:
        services = reader.project([working_dir / file for file in files], working_dir, 0)
    except _NotJudged as reason:
        return ComposeFacts(not_judged=(str(reason),))
    expected: dict[str, int] = {}
    idle: dict[str, str] = {}
    for name, service in services.items():
        try:
            replicas, why = _judge(name, reader.extended(name, service, 0))
        except _NotJudged as reason:
            reader.not_judged.append(str(reason))
            continue
        if replicas:
            expected[name] = replicas
        else:
            idle[name] = why
    return ComposeFacts(expected=expected, idle=idle, not_judged=tuple(reader.not_judged))


@dataclass(frozen=True, slots=True)
class _Service:
    """A service as written, and where: `extends` looks for its base there."""

    table: Mapping[str, Any]
    siblings: Mapping[str, Any]
    directory: Path


class _Reader:
    """Reads the files of one project, bounded in number, size and depth."""

    def __init__(self) -> None:
        self.not_judged: list[str] = []
        self._documents: dict[Path, Mapping[str, Any]] = {}

    def project(self, files: Sequence[Path], directory: Path, depth: int) -> dict[str, _Service]:
        merged: dict[str, Any] = {}
        includes: list[Any] = []
        for file in files:
            document = self._document(file)
            services = _table(document.get("services"), f"{file}: services")
            for name, service in services.items():
                merged[name] = None if service is None else _merge(merged.get(name) or {}, _table(service, name))
            includes += is_list(document.get("include")) or []
        found = self._included(includes, directory, depth)
        tables = {name: table for name, table in merged.items() if table is not None}
        return found | {name: _Service(table, tables, directory) for name, table in tables.items()}

    def _included(self, includes: Sequence[Any], directory: Path, depth: int) -> dict[str, _Service]:
        found: dict[str, _Service] = {}
        for include in includes:
            table = is_table(include) or {"path": include}
            paths = table.get("path")
            texts = [path for path in is_list(paths) or [paths] if isinstance(path, str) and path]
            if depth >= _DEEPEST or not texts or any("$" in path or ":" in path for path in texts):
                self.not_judged.append(f"not judged: what {quoted(paths)} includes is not a plain local file")
                continue
            files = [directory / path for path in texts]
            own = table.get("project_directory")
            try:
                found |= self.project(files, directory / own if isinstance(own, str) else files[0].parent, depth + 1)
            except _NotJudged as reason:
                self.not_judged.append(str(reason))
        return found

    def extended(self, name: str, service: _Service, depth: int) -> Mapping[str, Any]:
        """The service with what it inherits by `extends`."""
        extends = service.table.get("extends")
        if extends is None:
            return service.table
        table = is_table(extends) or {"service": extends}
        base, file = table.get("service"), table.get("file")
        if depth >= _DEEPEST or not isinstance(base, str) or (file is not None and not _plain(file)):
            raise _NotJudged(f"not judged: {quoted(name)} extends what cannot be found")
        siblings, directory = service.siblings, service.directory
        if file is not None:
            path = directory / file
            siblings, directory = _table(self._document(path).get("services"), f"{path}: services"), path.parent
        if base not in siblings:
            raise _NotJudged(f"not judged: {quoted(name)} extends {quoted(base)}, which is not there")
        parent = _Service(_table(siblings[base], base), siblings, directory)
        return _merge(self.extended(base, parent, depth + 1), service.table)

    def _document(self, file: Path) -> Mapping[str, Any]:
        path = Path(os.path.normpath(file))
        if path not in self._documents:
            if len(self._documents) >= _MOST_FILES:
                raise _NotJudged(f"not judged: the project has more than {_MOST_FILES} files")
            self._documents[path] = _table(_load(path), str(path))
        return self._documents[path]


def _plain(path: object) -> bool:
    return isinstance(path, str) and path != "" and "$" not in path


def _table(value: Any, what: str) -> dict[str, Any]:
    """The mapping, its keys as texts; what is absent is empty."""
    table = {} if value is None else is_table(value)
    if table is None:
        raise _NotJudged(f"not judged: {quoted(what)} is no mapping")
    return {str(key): item for key, item in table.items()}


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """What matters here: profiles add up, replicas are overridden, null (Compose's `!reset`) takes away."""
    merged = {**below, **above}
    both = [is_list(side.get("profiles")) for side in (below, above)]
    if both[0] and both[1] is not None:
        merged["profiles"] = [*both[0], *both[1]]
    deploys = [is_table(side.get("deploy")) for side in (below, above)]
    if deploys[0] is not None and deploys[1] is not None:
        merged["deploy"] = deploys[0] | deploys[1]
    return merged


def _judge(name: str, service: Mapping[str, Any]) -> tuple[int, str]:
    """How many containers should run, and why none."""
    profiles = service.get("profiles")
    if profiles:
        names = [name for name in is_list(profiles) or [profiles] if isinstance(name, str)]
        return 0, f"it belongs to the profile {quoted(', '.join(names))}, which `up` alone does not activate"
    if service.get("provider") is not None:
        return 0, "a provider runs it, not the engine"
    for where, value in (
        ("scale", service.get("scale")),
        ("deploy.replicas", (is_table(service.get("deploy")) or {}).get("replicas")),
    ):
        if value is None:
            continue
        written = str(value) if isinstance(value, int | str) else ""
        if isinstance(value, bool) or not (written.isascii() and written.isdigit() and len(written) <= _MOST_DIGITS):
            raise _NotJudged(f"not judged: {where} of {quoted(name)} is {quoted(value)}, no plain number")
        return int(written), f"its {where} is 0"
    return 1, ""


def _load(path: Path) -> Any:
    """The YAML document; raises _NotJudged."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor has no Path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _NotJudged(f"not judged: {path} is not a regular file")
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise _NotJudged(f"not judged: {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise _NotJudged("not judged: the name of a Compose file cannot be used") from None
    if len(content) > _LARGEST:
        raise _NotJudged(f"not judged: {path} is larger than {_LARGEST} bytes")
    from watchdog.config.yaml_loader import parse_yaml

    try:
        return parse_yaml(content)
    except ValueError as error:
        raise _NotJudged(f"not judged: {path} is not YAML: {error}") from None
