"""The route of those who call in: the one change that is served over TCP too, to who shows the token."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from watchdog.api.answers import Json, refused
from watchdog.api.border import HEARTBEATS
from watchdog.api.doors import Commands

MESSAGE_LENGTH: Final = 300
"""Characters that are kept of what a call says."""
_BEARER: Final = "bearer "


def heartbeat_routes(orders: Commands, *, trusted: bool) -> APIRouter:
    """`trusted`: who can reach the listener may call without a token."""
    router = APIRouter(default_response_class=Json)

    @router.post(HEARTBEATS + "{name:path}")
    async def call(  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        request: Request,
        name: str,
        exit_code: Annotated[int, Query(ge=0, le=255)] = 0,
        message: str = "",
    ) -> Response:
        if not trusted:
            refusal = _refuse(orders.heartbeat_token(name), request.headers.get("authorization", ""), name)
            if refusal is not None:
                return refusal
        return Json({"sentence": await orders.heartbeat(name, exit_code, message[:MESSAGE_LENGTH])})

    return router


def _refuse(token: str | None, shown: str, name: str) -> Response | None:
    if token is None:
        return refused(
            f"{name} has no token and is called in on the unix socket only: set token or token_file of its check.", 403
        )
    if not shown.lower().startswith(_BEARER):
        refusal = refused(f"{name} is called in with its token: send it as Authorization: Bearer TOKEN.", 401)
        refusal.headers["www-authenticate"] = "Bearer"
        return refusal
    if not secrets.compare_digest(shown[len(_BEARER) :].strip().encode(), token.encode()):
        return refused(f"That is not the token of {name}.", 403)
    return None
