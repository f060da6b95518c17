"""What a rehearsed deployment is told of the containers that there are: served to the command line."""

from __future__ import annotations

from typing import Final

from watchdog.codecs.shape import Shape
from watchdog.model.compose_intent import ComposeContainer

CONTAINER: Final = Shape(
    ComposeContainer,
    "id",
    "name",
    "service",
    "number",
    "config_hash",
    "image_id",
    "running",
    "oneoff",
    "created_at",
)
