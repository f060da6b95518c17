"""Counts what the structure of the daemon is made of and compares it with its bounds; `make lint` runs it.

A floor is the length of the longest chain of imports. A writer of a field is a file that assigns it or changes the
container that it holds; what a class does to itself while it is made does not count.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PACKAGE: Final = Path("watchdog")
DAEMON: Final = PACKAGE / "daemon"
STATE: Final = DAEMON / "state"
CHANGING: Final = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"
}  # fmt: skip
"""Methods that change a list, set or dict."""

MOST_LINES: Final = 2000
"""Of a room."""
MOST_FLOORS: Final = 10
"""Of rooms."""
MOST_FIELDS: Final = 15
"""Of a class of `daemon/state/`."""
MOST_WRITERS: Final = 2
"""Files that write a field of such a class."""


@dataclass(frozen=True, slots=True)
class Module:
    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return ".".join(self.path.with_suffix("").parts)

    @property
    def room(self) -> str:
        return self.path.parent.name


def modules(folder: Path) -> list[Module]:
    paths = sorted(path for path in folder.rglob("*.py") if path.name != "__init__.py")
    return [Module(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def imports(found: list[Module]) -> dict[str, set[str]]:
    """Module → those of the same folder that it imports."""
    names = {module.name for module in found}
    graph: dict[str, set[str]] = {}
    for module in found:
        named = {node.module or "" for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom)}
        graph[module.name] = named & names
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle of imports; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if found := walk(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), list[str]())


def floors(graph: Mapping[str, set[str]]) -> int:
    @cache
    def height(name: str) -> int:
        return 1 + max((height(other) for other in graph[name]), default=0)

    return max(height(name) for name in graph)


def fields(made: ast.ClassDef) -> set[str]:
    """Of a dataclass its annotated names, of another class what it gives itself in `__init__`."""
    found = {
        node.target.id for node in made.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for method in (node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"):
        found |= {name for name, base in written(method) if base == "self"}
    return found


def written(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The attributes that are assigned or whose container is changed, each with the expression that has it."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets):
                stored = [each for target in targets for each in _flat(target)]
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                stored = [target]
            case ast.Delete(targets=targets):
                stored = list(targets)
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in CHANGING:
                stored = [value]
            case _:
                continue
        for one in stored:
            target = one.value if isinstance(one, ast.Subscript) else one
            if isinstance(target, ast.Attribute):
                yield target.attr, ast.unparse(target.value)


def _flat(target: ast.expr) -> list[ast.expr]:
    return [each for one in target.elts for each in _flat(one)] if isinstance(target, ast.Tuple) else [target]


def writers(found: list[Module], own: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Field → the files that write it. `own`: field → the files of the classes that have it."""
    files: defaultdict[str, set[str]] = defaultdict(set)
    for module in found:
        made = {id(node) for init in _inits(module.tree) for node in ast.walk(init)}
        for node in ast.walk(module.tree):
            if id(node) in made or not isinstance(node, ast.stmt | ast.Call):
                continue
            for name, base in written(_shallow(node)):
                if name in own and (base != "self" or str(module.path) in own[name]):
                    files[name].add(str(module.path))
    return files


def _inits(tree: ast.Module) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__init__")


def _shallow(node: ast.stmt | ast.Call) -> ast.AST:
    """Statements that hold others are looked at by these."""
    held = isinstance(node, ast.stmt) and hasattr(node, "body")
    return ast.Pass() if held else node


@dataclass(frozen=True, slots=True)
class Structure:
    """Of the daemon: what is counted, and what is wrong with it."""

    modules: Mapping[str, set[str]]
    """Module → those that it imports."""
    rooms: Mapping[str, set[str]]
    lines: Mapping[str, int]
    """Of each room."""
    fields: Mapping[str, set[str]]
    """Of each class of state."""
    writers: Mapping[str, set[str]]

    def wrong(self) -> Iterator[str]:
        for what, graph in (("modules", self.modules), ("rooms", self.rooms)):
            if back := circle(graph):
                yield f"a circle of {what}: {' → '.join(back)}"
                return
        if floors(self.rooms) > MOST_FLOORS:
            yield f"{floors(self.rooms)} floors of rooms, {MOST_FLOORS} at most"
        yield from (
            f"{room}/ has {count} lines, {MOST_LINES} at most"
            for room, count in self.lines.items()
            if count > MOST_LINES
        )
        yield from (
            f"{name} has {len(own)} fields, {MOST_FIELDS} at most"
            for name, own in self.fields.items()
            if len(own) > MOST_FIELDS
        )
        yield from (
            f".{name} is written in {', '.join(sorted(files))}: {MOST_WRITERS} files at most"
            for name, files in sorted(self.writers.items())
            if len(files) > MOST_WRITERS
        )

    def __str__(self) -> str:
        most = max(self.fields, key=lambda name: len(self.fields[name]))
        return (
            f"daemon/: {len(self.modules)} modules, {_arrows(self.modules)} arrows; {len(self.rooms)} rooms, "
            f"{floors(self.rooms)} floors, {_arrows(self.rooms)} arrows, at most {max(self.lines.values())} lines; "
            f"{len(self.fields)} classes of state, at most {len(self.fields[most])} fields ({most}), "
            f"{max(map(len, self.writers.values()))} writers of a field at most"
        )


def _arrows(graph: Mapping[str, set[str]]) -> int:
    return sum(map(len, graph.values()))


def structure() -> Structure:
    found = modules(DAEMON)
    graph = imports(found)
    rooms = {module.name: module.room for module in found}
    between: dict[str, set[str]] = {room: set() for room in rooms.values()}
    for one, others in graph.items():
        between[rooms[one]] |= {rooms[other] for other in others} - {rooms[one]}
    lines: defaultdict[str, int] = defaultdict(int)
    own: defaultdict[str, set[str]] = defaultdict(set)
    made: dict[str, set[str]] = {}
    for module in found:
        lines[module.room] += len(module.path.read_text(encoding="utf-8").splitlines())
        for node in _classes(module) if STATE in module.path.parents else ():
            made[node.name] = fields(node)
            for name in made[node.name]:
                own[name].add(str(module.path))
    return Structure(modules=graph, rooms=between, lines=lines, fields=made, writers=writers(found, own))


def _classes(module: Module) -> list[ast.ClassDef]:
    return [node for node in module.tree.body if isinstance(node, ast.ClassDef)]


def doubles() -> Iterator[str]:
    """Classes of one name in the package: a name has one meaning."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for module in modules(PACKAGE):
        for node in _classes(module):
            places[node.name].add(str(module.path))
    return (f"{name} is a class in {' and '.join(sorted(files))}" for name, files in places.items() if len(files) > 1)


def main() -> int:
    found = structure()
    wrong = [*found.wrong(), *doubles()]
    print("\n".join([f"structure: {sentence}" for sentence in wrong] or [str(found)]))  # noqa: T201 - it is a command
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
