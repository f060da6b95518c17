"""TOML and environment → `Settings`, labels → one service's settings, Compose files → what should run."""

from watchdog.config.compose import ComposeFacts, compose_services
from watchdog.config.duration import parse_duration, spell_duration
from watchdog.config.labels import Resolved, resolve
from watchdog.config.load import load_settings

__all__ = [
    "ComposeFacts",
    "Resolved",
    "compose_services",
    "load_settings",
    "parse_duration",
    "resolve",
    "spell_duration",
]
