"""What is kept of requests for a person's approval."""

from __future__ import annotations

from typing import Final

from watchdog.codecs.records import SERVICE
from watchdog.codecs.shape import AS_IS, SPACED, Key, Shape, several, word
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.record import Rung

APPROVAL: Final = Shape(
    Approval,
    "id",
    Key("service", SERVICE.form),
    Key("rung", word(Rung)),
    "container",
    "incident",
    "plan",
    "essence",
    Key("evidence", several(AS_IS)),
    "asked_at",
    "expires_at",
    Key("state", word(ApprovalState), always=True),
    "by",
    "reason",
    "ended_at",
    "because",
    Key("told", several(AS_IS), always=True),
    separators=SPACED,
)
