"""The hash chain: what a row's hash covers, spelled so that there is one encoding and no second reading.

    payload_hash = SHA-256(payload)
    hash         = SHA-256(JSON [seq, previous, at, kind, subject, sentence, incident, payload_hash])

The payload is JSON with sorted keys and no spaces; the row is a JSON array in ASCII with no spaces, `at` in the
shortest decimal form that reads back as the same double, `incident` a number or null. `previous` is the hash of
the row before, sixty-four zeros for the first. A JSON array of fixed order and types cannot be read two ways,
so no field can lend a character to its neighbour. Hashes are lower-case hexadecimal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

GENESIS: Final = "0" * 64
"""Stands before the first row."""


def canonical(payload: Mapping[str, Any]) -> str:
    """The text that is stored and hashed; ValueError or TypeError for what JSON cannot say (NaN, objects)."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def row_hash(
    *,
    seq: int,
    previous: str,
    at: float,
    kind: str,
    subject: str,
    sentence: str,
    incident: int | None,
    payload_hash: str,
) -> str:
    """The hash of one row, by the formula on top of this file."""
    fields = [seq, previous, at, kind, subject, sentence, incident, payload_hash]
    return sha256(json.dumps(fields, separators=(",", ":"), allow_nan=False))
