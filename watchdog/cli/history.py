"""Where the history is read: from the running daemon, else from the ledger, read-only."""

from __future__ import annotations

from typing import Any

from watchdog.errors import DaemonUnreachable
from watchdog.model.settings import Settings
from watchdog.model.views import deployment_json, incident_json, row_json


async def list_incidents(settings: Settings, limit: int, *, open_only: bool) -> list[dict[str, Any]]:
    """Newest first, `limit` at the most; raises LedgerError when there is neither daemon nor ledger."""
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(settings.api.socket) as client:
        try:
            return await client.incidents(limit, open_only=open_only)
        except DaemonUnreachable:
            pass
    from watchdog.ledger import LedgerReader

    with LedgerReader.open(settings.state.dir) as ledger:
        incidents = ledger.open_incidents() if open_only else ledger.incidents(limit)
    return [incident_json(incident) for incident in incidents][:limit]


async def read_timeline(settings: Settings, incident: int) -> dict[str, Any]:
    """The incident and its rows, oldest first; raises WatchdogError with exit code 64 when there is none."""
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(settings.api.socket) as client:
        try:
            return await client.timeline(incident)
        except DaemonUnreachable:
            pass
    from watchdog.ledger import LedgerReader

    with LedgerReader.open(settings.state.dir) as ledger:
        found, rows = ledger.timeline(incident)
    return {"incident": incident_json(found), "timeline": [row_json(row) for row in rows]}


async def list_deployments(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """Newest first, `limit` at the most; raises LedgerError when there is neither daemon nor ledger."""
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(settings.api.socket) as client:
        try:
            return (await client.get("/api/v1/deployments", {"limit": limit}))["deployments"]
        except DaemonUnreachable:
            pass
    from watchdog.ledger import LedgerReader

    with LedgerReader.open(settings.state.dir) as ledger:
        return [deployment_json(one) for one in ledger.deployments(limit)]


async def read_deployment(settings: Settings, number: int) -> dict[str, Any]:
    """It and its rows, oldest first; raises WatchdogError with exit code 64 when there is none."""
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(settings.api.socket) as client:
        try:
            return await client.get(f"/api/v1/deployments/{number}")
        except DaemonUnreachable:
            pass
    from watchdog.ledger import LedgerReader

    with LedgerReader.open(settings.state.dir) as ledger:
        found, rows = ledger.deployment(number)
    return {"deployment": deployment_json(found), "timeline": [row_json(row) for row in rows]}
