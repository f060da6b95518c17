"""Who is asked before a change: `[[validator]]` as written → the frozen values that announcements are made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from watchdog.config.checks import secret
from watchdog.config.fields import AbsolutePath, CheckName, Patterns, Secret, Section, Timeout, Url
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import quoted
from watchdog.config.tables import items, read_section
from watchdog.model.validator import ValidatorSettings

_OF_WEBHOOK: Final = ("token", "token_file", "secret", "secret_file")
"""Keys that mean nothing without a webhook."""


class ValidatorSection(Section):
    """With a webhook it is asked there; without it follows the event stream and confirms by the API."""

    name: CheckName = Field(description="Its name in every output, and when it confirms by the API; unique.")
    webhook: Url | None = Field(
        default=None,
        description="URL to which an announcement is posted as JSON; without it the validator follows the event stream "
        "and confirms by the API.",
    )
    webhook_file: AbsolutePath | None = Field(default=None, description="File that holds `webhook`.")
    token: Secret | None = Field(default=None, description="Bearer token for the webhook.")
    token_file: AbsolutePath | None = Field(default=None, description="File that holds `token`.")
    secret: Secret | None = Field(default=None, description="Signs what is posted.")
    secret_file: AbsolutePath | None = Field(default=None, description="File that holds `secret`.")
    timeout: Timeout | None = Field(
        default=None, description="How long it may take to answer; else as long as the deployment waits for all."
    )
    services: Patterns | None = Field(
        default=None,
        description="Of whose changes it is asked: `project/name` or the name; without it of all. The removal of a "
        "service is announced to everybody.",
    )


def read_validators(values: Mapping[str, Any], problems: Problems) -> tuple[ValidatorSettings, ...]:
    """All of them; one that contradicts itself is among the problems."""
    found: dict[str, ValidatorSettings] = {}
    for path, raw in items(values, "validator", (), problems):
        section = read_section(ValidatorSection, raw, path, problems)
        if section is None:
            continue
        if section.name in found:
            problems.add((*path, "name"), f"{quoted(section.name)} is used twice; allowed: one [[validator]] of a name")
        found[section.name] = _validator(section, path, problems)
    return tuple(found.values())


def _validator(section: ValidatorSection, path: KeyPath, problems: Problems) -> ValidatorSettings:
    given = section.given()
    if not {"webhook", "webhook_file"} & given.keys():
        for key in _OF_WEBHOOK:
            if key in given:
                problems.add((*path, key), "means nothing without a webhook; allowed: beside webhook or webhook_file")
    return ValidatorSettings(
        name=section.name,
        webhook=secret(ValidatorSection, given, "webhook", path, problems),
        token=secret(ValidatorSection, given, "token", path, problems),
        secret=secret(ValidatorSection, given, "secret", path, problems),
        timeout=given.get("timeout"),
        services=given.get("services", ()),
    )
