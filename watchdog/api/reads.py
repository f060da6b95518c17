"""Routes that read: served to everybody on TCP and on the unix socket."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response

from watchdog.api.answers import Json
from watchdog.api.doors import Queries
from watchdog.api.metrics import MetricsPage
from watchdog.model.views import incident_json, row_json

_MAX_ID = 2**63 - 1
"""What the ledger can number."""


def read_routes(facts: Queries, page: MetricsPage) -> APIRouter:
    """Metrics, health of the daemon itself, status, incidents."""
    router = APIRouter(default_response_class=Json)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        body, content_type = await page.render(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    @router.get("/-/healthy")
    async def healthy() -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _spoken(*facts.alive())

    @router.get("/-/ready")
    async def ready() -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _spoken(*facts.ready())

    @router.get("/api/v1/status")
    async def status() -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        snapshot = facts.snapshot()
        return await asyncio.to_thread(lambda: Json(snapshot.as_json()))  # of 10,000 endpoints it is long

    @router.get("/api/v1/incidents")
    async def incidents(  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        open_only: Annotated[bool, Query(alias="open")] = False,
    ) -> Response:
        found = await facts.incidents(limit, open_only)
        return Json({"incidents": [incident_json(incident) for incident in found]})

    @router.get("/api/v1/incidents/{number}")
    async def timeline(number: int) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        incident, rows = await facts.timeline(max(0, min(number, _MAX_ID)))
        answer: dict[str, Any] = {"incident": incident_json(incident), "timeline": [row_json(row) for row in rows]}
        return Json(answer)

    @router.get("/api/v1/silences")
    async def silences() -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"silences": await facts.silences()})

    @router.get("/api/v1/approvals")
    async def approvals(  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        everything: Annotated[bool, Query(alias="all")] = False,
    ) -> Response:
        return Json({"approvals": await facts.approvals(everything)})

    return router


def _spoken(good: bool, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", 200 if good else 503)
