"""What became of the messages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from watchdog.model.channel import Channel


@dataclass(slots=True)
class ChannelCounts:
    """The metrics show them."""

    messages: Counter[Channel] = field(default_factory=Counter[Channel])
    """Those published."""
    dropped: int = 0
    """Those that a subscriber had not read before they were forgotten, counted for each subscriber."""
