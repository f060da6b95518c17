"""`docs/status.schema.json` as its readers have it, and as strict as what we serve has to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast


def strict(schema: Any) -> Any:
    """Readers let objects gain keys; here a key that the schema does not describe is one too many."""
    if isinstance(schema, list):
        return [strict(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    below = {key: strict(one) for key, one in cast("dict[str, Any]", schema).items()}
    return {"additionalProperties": False, **below} if "properties" in below else below


SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "status.schema.json").read_text())
STRICT: dict[str, Any] = strict(SCHEMA)
