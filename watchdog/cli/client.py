"""The client of the running daemon's API, over its unix socket."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from watchdog.errors import DaemonUnreachable, WatchdogError

if TYPE_CHECKING:
    from watchdog.api.doors import RecoverOrder, Target

# With itself httpx imports its own command line, which draws by rich: a tenth of a second of each of our commands.
sys.modules.setdefault("httpx._main", ModuleType("httpx._main"))

import httpx  # noqa: E402 - after the line above

_TIMEOUT: Final = 10.0
_MESSAGE: Final = 300
"""Characters of a call's message that the daemon keeps: more would only make the address too long."""
_SILENCE: Final = 900.0
"""Seconds for which a recovery may say nothing: longer than the default ladder takes from end to end."""


class DaemonRefused(WatchdogError):
    """The daemon answered no; its sentence and the exit code that it asks for."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class BrokeOff(WatchdogError):
    """The daemon ended, or closed the connection, in the middle of an answer."""


class DaemonClient:
    """Asks and orders; raises DaemonUnreachable when nobody listens, DaemonRefused when the daemon says no."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        plain = httpx.AsyncHTTPTransport(uds=str(socket), verify=False)  # no TLS: its certificates need not be read
        self._http = httpx.AsyncClient(transport=plain, base_url="http://localhost", timeout=_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def health(self) -> tuple[bool, str]:
        """Whether the daemon's loop and workers make progress, and its sentence."""
        async with self._translated():
            response = await self._http.get("/-/healthy")
        return response.is_success, response.text.strip()

    async def status(self) -> dict[str, Any]:
        """The daemon's snapshot, as `model.snapshot.Snapshot.as_json` makes it."""
        return await self.get("/api/v1/status")

    async def incidents(self, limit: int, *, open_only: bool) -> list[dict[str, Any]]:
        answer = await self.get("/api/v1/incidents", {"limit": limit, "open": open_only})
        return answer["incidents"]

    async def timeline(self, incident: int) -> dict[str, Any]:
        return await self.get(f"/api/v1/incidents/{incident}")

    async def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        """The events of a recovery as they happen; an `error` event is raised as DaemonRefused."""
        body = {
            "services": list(order.services),
            "project": order.project,
            "everything": order.everything,
            "action": order.action,
            "baseline": order.baseline,
            "dry_run": order.dry_run,
            "by": order.by,
        }
        gone = "before the recovery ended: see `watchdog status` for what became of it."
        async for event in self.events("/api/v1/recover", body, silence=_SILENCE, gone=gone):
            if event["event"] == "done":
                return
            yield event
        raise WatchdogError(f"The daemon on {self._socket} broke off {gone}")

    async def events(
        self, path: str, body: Mapping[str, Any], *, silence: float, gone: str
    ) -> AsyncGenerator[Mapping[str, Any]]:
        """The events that a call is answered with, as they happen; an `error` event is raised as DaemonRefused.

        `silence`: seconds for which it may say nothing. `gone`: how the sentence ends when the daemon breaks off.
        """
        limits = httpx.Timeout(_TIMEOUT, read=silence)
        try:
            async with self._translated(), self._http.stream("POST", path, json=body, timeout=limits) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _refusal(answer)
                async for line in answer.aiter_lines():
                    event: dict[str, Any] = json.loads(line)
                    if event["event"] == "error":
                        raise DaemonRefused(event["error"], event["exit_code"])
                    yield event
        except BrokeOff as error:
            raise BrokeOff(f"The daemon on {self._socket} broke off {gone}") from error

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str:
        return await self._order("pause", {"service": service, "seconds": seconds, "reason": reason, "by": by})

    async def resume(self, service: str, by: str) -> str:
        return await self._order("resume", {"service": service, "by": by})

    async def retire(self, service: str, reason: str, by: str) -> str:
        return await self._order("retire", {"service": service, "reason": reason, "by": by})

    async def heartbeat(self, name: str, exit_code: int, message: str) -> str:
        query = {"exit_code": exit_code, "message": message[:_MESSAGE]}
        async with self._translated():
            response = await self._http.post(f"/api/v1/heartbeats/{quote(name)}", params=query)
        return _answer(response)["sentence"]

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str:
        body = {**_target(target), "seconds": seconds, "reason": reason, "by": by}
        return (await self.post("/api/v1/silences", body))["sentence"]

    async def unsilence(self, target: Target, by: str) -> str:
        return (await self.post("/api/v1/silences/end", {**_target(target), "by": by}))["sentence"]

    async def silences(self) -> list[dict[str, Any]]:
        answer = await self.get("/api/v1/silences")
        return answer["silences"]

    async def approvals(self, *, everything: bool) -> list[dict[str, Any]]:
        answer = await self.get("/api/v1/approvals", {"all": everything})
        return answer["approvals"]

    async def approve(self, approval: int, reason: str, by: str) -> str:
        body = {"reason": reason, "by": by}
        return (await self.post(f"/api/v1/approvals/{approval}/approve", body))["sentence"]

    async def reject(self, approval: int, reason: str, by: str) -> str:
        body = {"reason": reason, "by": by}
        return (await self.post(f"/api/v1/approvals/{approval}/reject", body))["sentence"]

    async def _order(self, verb: str, body: Mapping[str, Any]) -> str:
        return (await self.post(f"/api/v1/services/{verb}", body))["sentence"]

    async def post(self, path: str, body: Mapping[str, Any], *, silence: float = _TIMEOUT) -> dict[str, Any]:
        """`silence`: seconds that the answer may take."""
        async with self._translated():
            response = await self._http.post(path, json=body, timeout=httpx.Timeout(_TIMEOUT, read=silence))
        return _answer(response)

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        async with self._translated():
            response = await self._http.get(path, params=query)
        return _answer(response)

    @asynccontextmanager
    async def _translated(self) -> AsyncGenerator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise DaemonUnreachable(
                f"No daemon answers on {self._socket} ({_root(error)}): start it with `watchdog run`, or run this as "
                "the user that it runs as."
            ) from error
        except httpx.TimeoutException as error:
            raise WatchdogError(
                f"The daemon on {self._socket} did not answer in time: see its log, and `watchdog healthcheck`."
            ) from error
        except httpx.TransportError as error:
            raise BrokeOff(
                f"The daemon on {self._socket} broke off while answering: see its log for why it stopped."
            ) from error


def _target(target: Target) -> dict[str, Any]:
    return {"name": target.name, "project": target.project, "everything": target.everything}


def _answer(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise _refusal(response)
    return response.json()


def _refusal(response: httpx.Response) -> DaemonRefused:
    try:
        answer: dict[str, Any] = response.json()
        return DaemonRefused(answer["error"], answer["exit_code"])
    except (ValueError, KeyError, TypeError):
        return DaemonRefused(f"The daemon answered {response.status_code}: {response.text[:200]}", 1)


def _root(error: BaseException) -> str:
    """What the operating system said: httpx and httpcore wrap it twice."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
