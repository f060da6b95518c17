"""The API's server: one application for each listener, inside the daemon's own loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from watchdog import __version__
from watchdog.api.answers import refusal, refused
from watchdog.api.border import Border, Gate, TcpGate, open_gate
from watchdog.api.changes import change_routes
from watchdog.api.channels import channel_routes
from watchdog.api.connection import BoundedConnection
from watchdog.api.doors import Commands, Queries
from watchdog.api.heartbeats import heartbeat_routes
from watchdog.api.listeners import UnixListener, listen_tcp
from watchdog.api.metrics import MetricsPage
from watchdog.api.reads import read_routes
from watchdog.errors import WatchdogError
from watchdog.model.api import ApiSettings

_SHUTDOWN: Final = 1
"""Seconds that answers under way may take to end."""
_PROBLEMS: Final = 5
"""Of a body that are listed."""


class ApiServer:
    """Serves what `facts` knows on TCP, and that and `orders` on the unix socket. Takes over no signals."""

    def __init__(self, settings: ApiSettings, facts: Queries, orders: Commands, more: Iterable[APIRouter] = ()) -> None:
        """`more`: further routes of the unix socket."""
        self._settings = settings
        page = MetricsPage(facts.snapshot, facts.measures)
        reads = read_routes(facts, page)
        gate = TcpGate(settings.host, settings.socket)
        self._tcp_app = _application(gate, reads, heartbeat_routes(orders, trusted=False))
        own = (heartbeat_routes(orders, trusted=True), change_routes(orders), channel_routes(facts.hub, orders), *more)
        self._unix_app = _application(open_gate, reads, *own)
        self._servers: list[_Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._unix: UnixListener | None = None
        self.port: int | None = None
        """The TCP port that is listened on; None while not started, or when TCP is off (no host)."""

    async def start(self) -> None:
        """Returns when both listeners answer; raises WatchdogError when one cannot listen."""
        self._unix = UnixListener(self._settings.socket)
        try:
            tcp = listen_tcp(self._settings.host, self._settings.port) if self._settings.host else []
        except WatchdogError:
            self._unix.socket.close()
            self._unix.remove()
            raise
        self._serve(self._unix_app, [self._unix.socket])
        if tcp:
            self.port = tcp[0].getsockname()[1]
            self._serve(self._tcp_app, tcp)
        await asyncio.gather(*(server.answering.wait() for server in self._servers))

    async def stop(self) -> None:
        """Closes both listeners; answers that take longer than a second are cut off."""
        for server in self._servers:
            server.stop()
        await asyncio.gather(*self._tasks)
        if self._unix is not None:
            self._unix.remove()

    def _serve(self, app: FastAPI, sockets: list[socket.socket]) -> None:
        server = _Server(
            uvicorn.Config(
                app,
                http=BoundedConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=_SHUTDOWN,
            )
        )
        self._servers.append(server)
        self._tasks.append(asyncio.create_task(server.serve(sockets), name="api"))


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, and asleep until it is told to stop instead of ten ticks a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()
        self._told_to_stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        self.answering.set()
        await self._told_to_stop.wait()

    def stop(self) -> None:
        self._told_to_stop.set()


def _application(gate: Gate, *routers: APIRouter) -> FastAPI:
    app = FastAPI(title="watchdog", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(WatchdogError, _watchdog_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Border, gate=gate)
    return app


async def _watchdog_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, WatchdogError)  # noqa: S101 - registered for nothing else
    return refusal(error)


async def _wrong_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    problems = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
    more = f"; and {len(problems) - _PROBLEMS} more" if len(problems) > _PROBLEMS else ""
    return refused(f"The request is wrong: {'; '.join(problems[:_PROBLEMS])}{more}."[:1000], 400)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    return refused(f"{request.method} {request.url.path[:200]}: {error.detail}.", error.status_code)
