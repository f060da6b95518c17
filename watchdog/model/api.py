"""Where the daemon answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    host: str = "127.0.0.1"
    port: int = 8080
    socket: Path = Path("/run/watchdog/watchdog.sock")
