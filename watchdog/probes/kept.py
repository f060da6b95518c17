"""What probers keep beyond the end of the daemon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from watchdog.model.record import Kept


class StateStore(Protocol):
    """Small states by kind and key, as the ledger keeps them. Its methods may raise LedgerError."""

    async def append(self, *, kept: Iterable[Kept]) -> object: ...

    async def kept(self, kind: str) -> Mapping[str, str]: ...
