"""What a person does, in order: the steps of a journey, as configured. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from watchdog.model.identity import ServiceKey


class CaptureSource(StrEnum):
    """Where in an answer a value is found; the key that says so in the configuration."""

    HTML = "html"
    JSON = "json"
    HEADER = "header"
    COOKIE = "cookie"
    REGEX = "regex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A value of an answer that later steps use as `{{ name }}` or `{{ step.name }}`."""

    name: str
    source: CaptureSource
    where: str
    """A CSS selector, a JSONPath, the name of a header or cookie, or a regular expression: its first group."""
    attribute: str | None = None
    """Of the element that an HTML selector finds; None means its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the last answer of a step must be like; its texts may hold templates."""

    status: tuple[tuple[int, int], ...] = ((200, 299),)
    body_contains: tuple[str, ...] = ()
    body_matches: str | None = None
    body_json: tuple[str, ...] = ()
    headers_match: Mapping[str, str] = field(default_factory=dict[str, str])
    max_latency: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStep:
    """One request with what is expected of its answer. Texts that go out may hold templates."""

    name: str
    url: str
    method: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    body: str | None = field(default=None, repr=False)
    expect: Expectation = field(default_factory=Expectation)
    captures: tuple[Capture, ...] = ()
    redirects: int = 10
    attempts: int = 1
    wait: float = 1.0
    """Before each further attempt."""
    always_run: bool = False
    """Runs though an earlier step failed: it cleans up."""
    service: ServiceKey | None = None
    """Whose failure it is when this step fails."""
