"""What is kept of deployments."""

from __future__ import annotations

from typing import Final

from watchdog.codecs.records import SERVICE
from watchdog.codecs.shape import AS_IS, Key, Shape, several, word
from watchdog.model.deployment import Before, Deployment, Limits, Scope, Stage

LIMITS: Final = Shape(Limits, "max_services", "max_downtime", "timeout", "soak")
"""Also served: `docs/api.md`."""

SCOPE: Final = Shape(
    Scope, Key("services", several(SERVICE.form), always=True), Key("projects", several(AS_IS), always=True)
)

BEFORE: Final = Shape(
    Before,
    Key("service", SERVICE.form),
    "container",
    "container_name",
    "spec_id",
    "image_id",
    "config_hash",
    "ran",
    "protected",
    "good",
)

DEPLOYMENT: Final = Shape(
    Deployment,
    "id",
    Key("stage", word(Stage)),
    "by",
    "uid",
    "reason",
    Key("command", several(AS_IS)),
    Key("scope", SCOPE.form),
    Key("limits", LIMITS.form),
    Key("retire", several(SERVICE.form), always=True),
    Key("excused", several(AS_IS), always=True),
    "began_at",
    "ended_at",
    "mark",
    "token_hash",
    Key("before", several(BEFORE.form), always=True),
    Key("others", several(AS_IS), always=True),
    Key("failing", several(AS_IS), always=True),
    Key("left", several(SERVICE.form), always=True),
    Key("touched", several(AS_IS), always=True),
    "downtime",
    "because",
)
