"""Where the history is read: from the running daemon, else from the ledger, read-only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from watchdog.cli.command import api_socket, settings
from watchdog.errors import DaemonUnreachable

if TYPE_CHECKING:
    from watchdog.cli.client import DaemonClient
    from watchdog.ledger import LedgerReader

T = TypeVar("T")


async def list_incidents(limit: int, *, open_only: bool) -> list[dict[str, Any]]:
    """Newest first, `limit` at the most; raises LedgerError when there is neither daemon nor ledger."""

    def read(ledger: LedgerReader) -> list[dict[str, Any]]:
        from watchdog.model.views import incident_json

        incidents = ledger.open_incidents() if open_only else ledger.incidents(limit)
        return [incident_json(incident) for incident in incidents][:limit]

    return await _asked_or_read(lambda client: client.incidents(limit, open_only=open_only), read)


async def read_timeline(incident: int) -> dict[str, Any]:
    """The incident and its rows, oldest first; raises WatchdogError with exit code 64 when there is none."""

    def read(ledger: LedgerReader) -> dict[str, Any]:
        from watchdog.model.views import incident_json, row_json

        found, rows = ledger.timeline(incident)
        return {"incident": incident_json(found), "timeline": [row_json(row) for row in rows]}

    return await _asked_or_read(lambda client: client.timeline(incident), read)


async def list_deployments(limit: int) -> list[dict[str, Any]]:
    """Newest first, `limit` at the most; raises LedgerError when there is neither daemon nor ledger."""

    async def ask(client: DaemonClient) -> list[dict[str, Any]]:
        return (await client.get("/api/v1/deployments", {"limit": limit}))["deployments"]

    def read(ledger: LedgerReader) -> list[dict[str, Any]]:
        from watchdog.model.views import deployment_json

        return [deployment_json(one) for one in ledger.deployments(limit)]

    return await _asked_or_read(ask, read)


async def read_deployment(number: int) -> dict[str, Any]:
    """It and its rows, oldest first; raises WatchdogError with exit code 64 when there is none."""

    def read(ledger: LedgerReader) -> dict[str, Any]:
        from watchdog.model.views import deployment_json, row_json

        found, rows = ledger.deployment(number)
        return {"deployment": deployment_json(found), "timeline": [row_json(row) for row in rows]}

    return await _asked_or_read(lambda client: client.get(f"/api/v1/deployments/{number}"), read)


async def _asked_or_read(ask: Callable[[DaemonClient], Awaitable[T]], read: Callable[[LedgerReader], T]) -> T:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        try:
            return await ask(client)
        except DaemonUnreachable:
            pass
    from watchdog.ledger import LedgerReader

    with LedgerReader.open(settings().state.dir) as ledger:
        return read(ledger)
