"""What the daemon tells while it works, to whoever coordinates with it. The shape is a contract: docs/channels.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from watchdog.model.snapshot import timestamp


class Channel(StrEnum):
    SERVICE_STATE = "service_state"
    """The health of a service changed."""
    DEPLOYMENT_COORDINATION = "deployment_coordination"
    """A change is announced."""
    VALIDATION_RESULTS = "validation_results"
    """What came of a question whether something is well."""
    RECOVERY_COORDINATION = "recovery_coordination"
    """Incidents, and what is done about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    id: str
    """`EPOCH-NUMBER`: a run of the daemon, and a number that grows over all channels of that run."""
    channel: Channel
    at: float
    """Unix seconds."""
    kind: str
    """A short word, as `health` or `incident`."""
    subject: str
    sentence: str
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What JSON knows."""


def message_json(message: ChannelMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "channel": message.channel.value,
        "at": timestamp(message.at),
        "kind": message.kind,
        "subject": message.subject,
        "sentence": message.sentence,
        "payload": dict(message.payload),
    }
