"""Which door an order goes through: the running daemon, else this process as the daemon for its duration."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from watchdog.cli.command import api_socket, settings
from watchdog.errors import DaemonUnreachable

if TYPE_CHECKING:
    from watchdog.api.doors import RecoverOrder, Target


class OrderDoor(Protocol):
    """What a person may order, as the daemon's `api.doors.Orders` has it."""

    def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]: ...

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str: ...

    async def resume(self, service: str, by: str) -> str: ...

    async def retire(self, service: str, reason: str, by: str) -> str: ...

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str: ...

    async def unsilence(self, target: Target, by: str) -> str: ...


@asynccontextmanager
async def order_door() -> AsyncGenerator[OrderDoor]:
    """The running daemon when one listens on its socket, else its one-shot twin under the same lock."""
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        try:
            await client.health()
        except DaemonUnreachable:
            from watchdog.daemon.oneshot import orders

            async with orders(settings()) as own:
                yield own
        else:
            yield client
