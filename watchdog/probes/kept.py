"""What probers keep beyond the end of the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from watchdog.model.change import Change


class StateStore(Protocol):
    """Small states by kind and key, as the ledger keeps them. Its methods may raise LedgerError."""

    async def append(self, change: Change) -> object: ...

    async def kept(self, kind: str) -> Mapping[str, str]: ...
