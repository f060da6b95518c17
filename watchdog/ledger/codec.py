"""Text as SQLite keeps it, and rows of the chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from watchdog.model.record import Entry, EntryKind, Row


def storable(text: str) -> str:
    """Text as SQLite can keep it: what UTF-8 cannot say (undecodable bytes of a name) is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def answered_intent(payload: Mapping[str, Any]) -> int | None:
    """The row of the intent that an OUTCOME with this payload ends."""
    intent = payload.get("intent")
    return intent if isinstance(intent, int) else None


def load_row(stored: tuple[Any, ...]) -> Row:
    """From the columns of `queries.ROW`; raises ValueError or TypeError for a row that nobody here wrote."""
    seq, digest, at, kind, subject, sentence, incident, payload = stored
    entry = Entry(
        at=at, kind=EntryKind(kind), subject=subject, sentence=sentence, incident=incident, payload=json.loads(payload)
    )
    return Row(seq=seq, hash=digest, entry=entry)
