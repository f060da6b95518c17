"""Routes of deployments and gates: served on the unix socket only, where the kernel says who asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Annotated, Any, Protocol

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from watchdog.api.answers import BUG, Json, as_line, error_json
from watchdog.api.changes import Body, Name, Reason
from watchdog.errors import WatchdogError
from watchdog.model.deployment import Deployment, DeployOrder, Gate, GateResult
from watchdog.model.record import Row
from watchdog.model.views import deployment_json, gate_json, row_json

_log = structlog.get_logger(__name__)

Seconds = Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)]
Names = Annotated[tuple[Name, ...], Field(max_length=1000)]
Event = Mapping[str, Any]


class Deployments(Protocol):
    """What `deployments.DeploymentSafetyGuard` does for those who ask. All raise WatchdogError."""

    def deploy(self, order: DeployOrder) -> AsyncGenerator[Event]: ...

    def begin(self, order: DeployOrder) -> AsyncGenerator[Event]: ...

    def rehearse(self, order: DeployOrder) -> Event: ...

    def commit(self, token: str, uid: int) -> AsyncGenerator[Event]: ...

    def rollback(self, token: str, uid: int, by: str) -> AsyncGenerator[Event]: ...

    def rollback_by_number(self, number: int, uid: int, by: str) -> AsyncGenerator[Event]: ...

    def command_ended(self, number: int, code: int, uid: int) -> str: ...

    def abort(self, number: int, because: str, uid: int) -> str: ...

    async def checkpoint(self, number: int, uid: int) -> list[dict[str, Any]]: ...

    async def release(self, number: int, by: str, reason: str, uid: int) -> str: ...

    async def gate(self, gate: Gate, services: tuple[str, ...]) -> GateResult: ...

    async def listed(self, limit: int) -> tuple[Deployment, ...]: ...

    async def shown(self, number: int) -> tuple[Deployment, tuple[Row, ...]]: ...


class DeployBody(Body):
    by: Name
    services: Names = ()
    retire: Names = ()
    excuse: Names = ()
    command: Annotated[tuple[Annotated[str, Field(max_length=30_000)], ...], Field(max_length=1000)] = ()
    project: Annotated[str, Field(max_length=300)] = ""
    planned: Names = ()
    reason: Annotated[str, Field(max_length=1000)] = ""
    max_services: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_downtime: Seconds | None = None
    timeout: Seconds | None = None
    soak: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] | None = None
    wait: bool = True

    def order(self, uid: int) -> DeployOrder:
        return DeployOrder(
            by=self.by,
            uid=uid,
            services=self.services,
            project=self.project,
            planned=self.planned,
            retire=self.retire,
            excuse=self.excuse,
            command=self.command,
            reason=self.reason,
            max_services=self.max_services,
            max_downtime=self.max_downtime,
            timeout=self.timeout,
            soak=self.soak,
            wait=self.wait,
        )


class EndedBody(Body):
    exit_code: Annotated[int, Field(ge=-255, le=255)]


class AbortBody(Body):
    because: Reason


class TokenBody(Body):
    by: Name
    token: Annotated[str, Field(max_length=200)]


class ByBody(Body):
    by: Name


class ReleaseBody(Body):
    by: Name
    reason: Reason


class GateBody(Body):
    services: Names = ()


def deployment_routes(guard: Deployments) -> APIRouter:  # noqa: C901 - a function for each route
    router = APIRouter(default_response_class=Json)

    @router.get("/api/v1/deployments")
    async def deployments(limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"deployments": [deployment_json(one) for one in await guard.listed(limit)]})

    @router.get("/api/v1/deployments/{number}")
    async def deployment(number: int) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        found, rows = await guard.shown(max(0, min(number, 2**63 - 1)))
        return Json({"deployment": deployment_json(found), "timeline": [row_json(row) for row in rows]})

    @router.post("/api/v1/deployments")
    async def deploy(body: DeployBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _stream(guard.deploy(body.order(_uid(request))))

    @router.post("/api/v1/deployments/rehearse")
    async def rehearse(body: DeployBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json(guard.rehearse(body.order(_uid(request))))

    @router.post("/api/v1/deployments/begin")
    async def begin(body: DeployBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _stream(guard.begin(body.order(_uid(request))))

    @router.post("/api/v1/deployments/commit")
    async def commit(body: TokenBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _stream(guard.commit(body.token, _uid(request)))

    @router.post("/api/v1/deployments/rollback")
    async def rollback(body: TokenBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _stream(guard.rollback(body.token, _uid(request), body.by))

    @router.post("/api/v1/deployments/{number}/rollback")
    async def roll_back(number: int, body: ByBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return _stream(guard.rollback_by_number(number, _uid(request), body.by))

    @router.post("/api/v1/deployments/{number}/ended")
    async def ended(number: int, body: EndedBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": guard.command_ended(number, body.exit_code, _uid(request))})

    @router.post("/api/v1/deployments/{number}/abort")
    async def abort(number: int, body: AbortBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": guard.abort(number, body.because, _uid(request))})

    @router.post("/api/v1/deployments/{number}/checkpoint")
    async def checkpoint(number: int, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"gates": await guard.checkpoint(number, _uid(request))})

    @router.post("/api/v1/deployments/{number}/release")
    async def release(number: int, body: ReleaseBody, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await guard.release(number, body.by, body.reason, _uid(request))})

    @router.post("/api/v1/gates/{gate}")
    async def judge(gate: Gate, body: GateBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json(gate_json(await guard.gate(gate, body.services)))

    return router


def _uid(request: Request) -> int:
    """Of the process that asks, as the kernel says."""
    return request.state.peer_uid


def _stream(events: AsyncGenerator[Event]) -> Response:
    return StreamingResponse(_lines(events), media_type="application/x-ndjson")


async def _lines(events: AsyncGenerator[Event]) -> AsyncIterator[str]:
    """An event a line; what went wrong before the end is the last one. Who goes away closes the events at once."""
    try:
        async for event in events:
            yield as_line(event) + "\n"
    except WatchdogError as error:
        yield as_line({"event": "error", **error_json(error)}) + "\n"
    except Exception:  # noqa: BLE001 - the answer has begun: the failure must become its last line
        _log.exception("A deployment through the API failed")
        yield as_line({"event": "error", "error": BUG, "exit_code": 1}) + "\n"
    finally:
        await events.aclose()
