"""Files that hold what is stored and served, byte for byte: `make golden` writes them on purpose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Golden:
    """Compares with files; `rewrites` makes them equal instead."""

    rewrites: bool

    def text(self, file: Path, found: str) -> None:
        if self.rewrites:
            file.parent.mkdir(exist_ok=True)
            file.write_text(found)
        assert file.exists(), f"{file} is not there: `make golden` writes it"
        assert found.splitlines() == file.read_text().splitlines(), f"{file}: if that is meant, `make golden`"
        assert found == file.read_text()

    def json(self, file: Path, found: Any) -> None:
        """In the order of its keys, for that is served, too."""
        self.text(file, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
