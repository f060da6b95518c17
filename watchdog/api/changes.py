"""Routes that change something: served on the unix socket only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final, Self

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response, StreamingResponse

from watchdog.api.answers import BUG, Json, as_line, error_json
from watchdog.api.doors import Commands, RecoverOrder, Target
from watchdog.errors import WatchdogError
from watchdog.model.record import Rung

_log = structlog.get_logger(__name__)

Name = Annotated[str, Field(min_length=1, max_length=300)]
Reason = Annotated[str, Field(min_length=1, max_length=1000)]
LONGEST_PAUSE: Final = 366 * 86400.0
"""Seconds: a pause needs an end that a person lives to see; for good there is `retire`."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Body(Body):
    by: Name


class RecoverBody(_Body):
    """Exactly one of the three says what is to be recovered."""

    services: Annotated[list[Name], Field(max_length=1000)] = []
    project: Name | None = None
    everything: bool = False
    action: Rung | None = None
    baseline: Annotated[int, Field(ge=1, le=100)] | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def one_scope(self) -> RecoverBody:
        if sum((bool(self.services), self.project is not None, self.everything)) != 1:
            msg = "give exactly one of services, project and everything"
            raise ValueError(msg)
        return self

    def order(self) -> RecoverOrder:
        return RecoverOrder(
            services=tuple(self.services),
            project=self.project,
            everything=self.everything,
            action=self.action,
            baseline=self.baseline,
            dry_run=self.dry_run,
            by=self.by,
        )


class PauseBody(_Body):
    service: Name
    seconds: Annotated[float, Field(gt=0, le=LONGEST_PAUSE, allow_inf_nan=False)]
    reason: Reason


class ResumeBody(_Body):
    service: Name


class RetireBody(_Body):
    service: Name
    reason: Reason


class TargetBody(_Body):
    """Exactly one of the three says what is meant."""

    name: Name | None = None
    project: Name | None = None
    everything: bool = False

    @model_validator(mode="after")
    def one_target(self) -> Self:
        if sum((self.name is not None, self.project is not None, self.everything)) != 1:
            msg = "give exactly one of name, project and everything"
            raise ValueError(msg)
        return self

    def target(self) -> Target:
        return Target(name=self.name, project=self.project, everything=self.everything)


class SilenceBody(TargetBody):
    seconds: Annotated[float, Field(gt=0, le=LONGEST_PAUSE, allow_inf_nan=False)]
    reason: Reason


class ApproveBody(_Body):
    reason: Annotated[str, Field(max_length=1000)] = ""


class RejectBody(_Body):
    reason: Reason


def change_routes(orders: Commands) -> APIRouter:
    """Reload, recover, and people's intent."""
    router = APIRouter(default_response_class=Json)

    @router.post("/-/reload")
    async def reload() -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.reload()})

    @router.post("/api/v1/recover")
    async def recover(body: RecoverBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return StreamingResponse(_lines(orders, body.order()), media_type="application/x-ndjson")

    @router.post("/api/v1/services/pause")
    async def pause(body: PauseBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.pause(body.service, body.seconds, body.reason, body.by)})

    @router.post("/api/v1/services/resume")
    async def resume(body: ResumeBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.resume(body.service, body.by)})

    @router.post("/api/v1/services/retire")
    async def retire(body: RetireBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.retire(body.service, body.reason, body.by)})

    @router.post("/api/v1/silences")
    async def silence(body: SilenceBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.silence(body.target(), body.seconds, body.reason, body.by)})

    @router.post("/api/v1/silences/end")
    async def unsilence(body: TargetBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.unsilence(body.target(), body.by)})

    @router.post("/api/v1/approvals/{number}/approve")
    async def approve(number: int, body: ApproveBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.approve(number, body.reason, body.by)})

    @router.post("/api/v1/approvals/{number}/reject")
    async def reject(number: int, body: RejectBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"sentence": await orders.reject(number, body.reason, body.by)})

    return router


async def _lines(orders: Commands, order: RecoverOrder) -> AsyncIterator[str]:
    """The events of a recovery, a line each; the last is `done` or `error`, so that a cut is noticed."""
    try:
        async for event in orders.recover(order):
            yield as_line(event) + "\n"
    except WatchdogError as error:
        yield as_line({"event": "error", **error_json(error)}) + "\n"
    except Exception:  # noqa: BLE001 - the answer has begun: the failure must become its last line
        _log.exception("A recovery through the API failed")
        yield as_line({"event": "error", "error": BUG, "exit_code": 1}) + "\n"
    else:
        yield as_line({"event": "done"}) + "\n"
