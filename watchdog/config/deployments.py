"""`[deploy]` as written → the frozen values that a deployment stays within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from watchdog.config.fields import CheckName, Count, Program, Section, Span, Timeout
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import is_table, quoted
from watchdog.config.tables import items, read_section
from watchdog.model.observation import Check
from watchdog.model.probe.inside import CommandProbe
from watchdog.model.settings import DeploySettings

_NO_LIMITS: Final = frozenset({"confirm_timeout", "hook"})
"""Keys of the table that are none of `Limits`, whose fields all others are: one without a field fails loudly."""
HOOK_TIMEOUT: Final = 600.0
"""Seconds: a backup takes its time."""


class DeploySection(Section):
    soak: Span | None = Field(default=None, description="How long what was deployed is watched before it is committed.")
    max_services: Count | None = Field(
        default=None, description="A deployment that touches more services than this is rolled back."
    )
    max_downtime: Timeout | None = Field(
        default=None, description="A deployment that keeps a protected service from serving for longer is rolled back."
    )
    timeout: Timeout | None = Field(default=None, description="How long the change itself may take.")
    confirm_timeout: Timeout | None = Field(
        default=None, description="Within which every validator has to confirm; else nothing begins."
    )
    hook: Any = Field(default=None, description="Commands that have to end with 0 before anything is changed.")


class HookSection(Section):
    """A command of this host, as a backup of the database or a look at the state of its migrations."""

    name: CheckName = Field(description="Its name in the evidence; unique.")
    command: Program = Field(description="Program and arguments; no shell.")
    timeout: Timeout | None = Field(default=None, description="How long it may take.")


def read_deploy(values: Mapping[str, Any], given: Mapping[str, Any], problems: Problems) -> DeploySettings:
    """`given`: the valid keys of the table."""
    plain = DeploySettings()
    limits = replace(plain.limits, **{key: value for key, value in given.items() if key not in _NO_LIMITS})
    hooks = _hooks(is_table(values.get("deploy")) or {}, problems)
    return DeploySettings(
        limits=limits, confirm_timeout=given.get("confirm_timeout", plain.confirm_timeout), hooks=hooks
    )


def _hooks(table: Mapping[str, Any], problems: Problems) -> tuple[Check, ...]:
    """In the order in which they are run."""
    found: dict[str, Check] = {}
    for path, raw in items(table, "hook", ("deploy",), problems):
        hook = _hook(path, raw, problems)
        if hook is not None and hook.name in found:
            wrong = f"{quoted(hook.name)} is used twice; allowed: another name for each hook"
            problems.add((*path, "name"), wrong)
        elif hook is not None:
            found[hook.name] = hook
    return tuple(found.values())


def _hook(path: KeyPath, raw: Any, problems: Problems) -> Check | None:
    section = read_section(HookSection, raw, path, problems)
    if section is None:
        return None
    timeout = section.given().get("timeout", HOOK_TIMEOUT)
    return Check(name=section.name, probe=CommandProbe(command=section.command), timeout=timeout)
