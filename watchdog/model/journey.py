"""What a step of a journey takes from an answer for later steps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
