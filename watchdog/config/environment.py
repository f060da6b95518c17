"""What the environment says: variables above the file, and `${NAME}` within it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, did_you_mean
from watchdog.config.rules import Expanded, is_list, is_table
from watchdog.config.schema import SECTIONS, File

PREFIX: Final = "WATCHDOG_"
NOT_SETTINGS: Final = frozenset(
    {"WATCHDOG_CONFIG", "WATCHDOG_DEBUG", "WATCHDOG_USEC", "WATCHDOG_PID"}
    | {"WATCHDOG_DEPLOYMENT", "WATCHDOG_DEPLOYMENT_MARK", "WATCHDOG_DEPLOYMENT_TOKEN"}  # of a deployment's command
)
"""Variables of the command line, and of systemd (WatchdogSec)."""

LISTS: Final[tuple[KeyPath, ...]] = (("service",), ("endpoint",), ("journey",), ("alert", "receiver"))
"""Lists of tables: in a variable they are a JSON array of objects."""

_REFERENCE: Final = re.compile(r"(\$\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)([^}]*)\}")


def expand(value: Any, environ: Mapping[str, str], path: KeyPath, problems: Problems) -> Any:
    """The value with `${NAME}` in its texts replaced from the environment; `$${` stands for a plain `${`."""
    if isinstance(value, str):
        return _expand_text(value, environ, path, problems)
    items, table = is_list(value), is_table(value)
    if items is not None:
        return [expand(item, environ, (*path, number), problems) for number, item in enumerate(items)]
    if table is not None:
        return {key: expand(item, environ, (*path, key), problems) for key, item in table.items()}
    return value


def _expand_text(value: str, environ: Mapping[str, str], path: KeyPath, problems: Problems) -> str:
    parts: list[str] = []

    def put_in(match: re.Match[str]) -> str:
        literal, name, rest = match.groups()
        if literal:
            return "${"
        if rest:
            problems.add(path, f"refers to ${{{name}…}}; allowed: ${{NAME}}, or $${{ for a plain ${{")
        elif name not in environ:
            problems.add(
                path, f"refers to ${{{name}}}, which the environment does not have; allowed: a variable that is set"
            )
        parts.append(environ.get(name, match[0]))
        return parts[-1]

    text = _REFERENCE.sub(put_in, value)
    return Expanded(text, tuple(parts)) if parts else text


def variables() -> dict[str, KeyPath]:
    """Every variable that says what a key of the file says."""
    names: dict[str, KeyPath] = {f"{PREFIX}{name.upper()}": (name,) for name in ("service", "endpoint", "journey")}
    for section, model in SECTIONS.items():
        names |= {f"{PREFIX}{section.upper()}__{key.upper()}": (section, key) for key in model.model_fields}
    return names


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says: values in the file's shape, and which variable each comes from."""

    values: dict[str, Any]
    origins: dict[KeyPath, str]


def read_environment(environ: Mapping[str, str], problems: Problems) -> Environment:
    """By pydantic-settings; an empty variable counts as unset, one that nobody knows is a problem."""
    from pydantic_settings import EnvSettingsSource

    known = variables()
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in NOT_SETTINGS}
    origins = {known[name]: name for name, value in ours.items() if value and name in known}
    for name in sorted(ours.keys() - known.keys()):
        origins[(name,)] = name
        problems.add((name,), f"is not known{did_you_mean(name, known)}; allowed: what docs/configuration.md lists")
    source = EnvSettingsSource(File)
    source.env_vars = {name.lower(): environ[name] for name in origins.values() if name in known}
    values = source()
    for path in LISTS:
        if path in origins:
            table: dict[str, Any] = values
            for part in path[:-1]:
                table = table[str(part)]
            table[str(path[-1])] = _tables(table[str(path[-1])], path, problems)
    return Environment(values, origins)


def _tables(text: str, path: KeyPath, problems: Problems) -> list[Any]:
    try:
        found = is_list(json.loads(text))
    except (ValueError, RecursionError):
        found = None
    if found is None:
        problems.add(path, "is not a list of tables; allowed: the tables as a JSON array of objects")
    return found or []


def overlay(values: Mapping[str, Any], environment: Environment) -> dict[str, Any]:
    """The file's values under the environment's; a variable also outranks the `_file` twin of its key in the file."""
    merged = dict(values)
    for name, given in environment.values.items():
        table, below = is_table(given), is_table(merged.get(name, {}))
        if table is None:
            merged[name] = given
        elif below is not None:  # else it is told as no table
            twins = {f"{key}_file" for key in table} | {key.removesuffix("_file") for key in table}
            merged[name] = {key: value for key, value in below.items() if key not in twins} | table
    return merged
