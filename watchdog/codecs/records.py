"""What is kept of services and their incidents."""

from __future__ import annotations

from typing import Final

from watchdog.codecs.shape import AS_IS, Key, Shape, perhaps, several, word
from watchdog.model.container import ContainerSpec
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.record import (
    Attempt,
    Desired,
    Incident,
    Outcome,
    Pause,
    Revision,
    Rung,
    ServiceRecord,
    Severity,
)

SERVICE: Final = Shape(ServiceKey, "project", "name", "number")

BASELINE: Final = Shape(Revision, "spec_id", "image", "image_id", "config_hash", "proven_at")

ATTEMPT: Final = Shape(
    Attempt,
    "at",
    Key("rung", word(Rung)),
    Key("outcome", word(Outcome)),
    "reason",
    "by_operator",
    "approval",
)

PAUSE: Final = Shape(Pause, "until", "reason", "by")

RECORD: Final = Shape(
    ServiceRecord,
    Key("service", SERVICE.form),
    Key("desired", word(Desired), always=True),
    Key("baselines", several(BASELINE.form), always=True),
    Key("attempts", several(ATTEMPT.form), always=True),
    Key("pause", perhaps(PAUSE.form), always=True),
    "quarantined",
    "incident",
    "last_incident",
    "last_incident_closed_at",
    Key("compose_files", several(AS_IS), always=True),
    Key("depends_on", several(AS_IS), always=True),
    "joins",
    "container_id",
    "container_name",
)

INCIDENT: Final = Shape(
    Incident,
    "id",
    "subject",
    Key("cause", word(Cause)),
    Key("severity", word(Severity)),
    "summary",
    "failed_at",
    "failed_at_is_bound",
    "detected_at",
    "recovered_at",
    "closed_at",
    "flapping",
)

SPEC: Final = Shape(
    ContainerSpec,
    "id",
    "container_name",
    "image",
    "image_id",
    "api_version",
    "config",
    "host_config",
    "endpoints",
    "networks",
    "volumes",
    Key("unfaithful", several(AS_IS), always=True),
)
