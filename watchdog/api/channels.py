"""The event stream, by the WHATWG's server-sent events, and confirmations: served on the unix socket only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Annotated, Final

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from watchdog.api.answers import Json, as_line, refused
from watchdog.api.doors import Commands
from watchdog.channels.hub import Hub
from watchdog.model.channel import Channel, ChannelMessage, message_json

ALL: Final = "all"
"""Stands for every channel."""
KEEP_ALIVE: Final = 15.0
"""Seconds without a message after which a comment says that the stream still stands."""

_Name = Annotated[str, Field(min_length=1, max_length=300)]


class ConfirmBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    validator: _Name
    confirm: StrictBool
    because: Annotated[str, Field(max_length=1000)] = ""
    by: _Name


def channel_routes(hub: Hub, orders: Commands) -> APIRouter:
    router = APIRouter(default_response_class=Json)

    @router.get("/api/v1/channels")
    async def channels() -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        return Json({"channels": [{"name": channel.value, "newest": hub.newest(channel)} for channel in Channel]})

    @router.get("/api/v1/channels/{name}/events")
    async def events(  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        name: str,
        after: str | None = None,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response:
        followed = tuple(channel for channel in Channel if name in {channel.value, ALL})
        if not followed:
            known = ", ".join([*Channel, ALL])
            return refused(f"There is no channel {name[:100]!r}; allowed: {known}.", 404)
        return _EventStream(hub, followed, last_event_id or after)

    @router.post("/api/v1/announcements/{number}/confirm")
    async def confirm(number: int, body: ConfirmBody) -> Response:  # pyright: ignore[reportUnusedFunction]  # registered by its decorator
        sentence = await orders.confirm(number, body.validator, body.confirm, body.because, body.by)
        return Json({"sentence": sentence})

    return router


class _EventStream(Response):
    """Subscribed from the moment at which the answer begins until whoever asked is gone."""

    def __init__(self, hub: Hub, channels: Collection[Channel], after: str | None) -> None:
        super().__init__()
        self._hub = hub
        self._channels = channels
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.subscribe(self._channels, self._after) as messages:
            headers = {"cache-control": "no-store"}
            await StreamingResponse(_blocks(messages), headers=headers, media_type="text/event-stream")(
                scope, receive, send
            )


async def _blocks(messages: AsyncIterator[ChannelMessage]) -> AsyncIterator[str]:
    while True:
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                message = await anext(messages)
        except TimeoutError:
            yield ": the stream stands\n\n"
        except StopAsyncIteration:
            return
        else:
            yield f"id: {message.id}\nevent: {message.kind}\ndata: {as_line(message_json(message))}\n\n"
