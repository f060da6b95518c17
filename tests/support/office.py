"""A small web application with a log-in: its sessions live in Redis. `python -m tests.support.office PORT REDIS_URL`.

It stays up, and its front page answers, whatever becomes of the sessions.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import redis.asyncio
import redis.exceptions
from aiohttp import web
from aiohttp.typedefs import Handler

USER: Final = "ann"
PASSWORD: Final = "correct horse/battery"  # noqa: S105 - of nobody
_COOKIE: Final = "sid"


class Office:
    """Log in by a form with a CSRF token, then Documents and Calendar."""

    def __init__(self, redis_url: str) -> None:
        self.sessions: Any = redis.asyncio.from_url(redis_url, decode_responses=True)
        self.asked: list[str] = []
        """`METHOD PATH` of every request."""
        self.after: Callable[[str], Awaitable[None]] | None = None
        """What happens once such a request was answered."""
        self.app = web.Application(middlewares=[self._noted])
        self.app.add_routes(
            [
                web.get("/", self._front),
                web.get("/login", self._form),
                web.post("/login", self._log_in),
                web.get("/documents", self._documents),
                web.get("/calendar", self._calendar),
                web.get("/api/me", self._me),
                web.post("/logout", self._log_out),
            ]
        )
        self.app.on_cleanup.append(self._close)

    async def _close(self, _: web.Application) -> None:
        await self.sessions.aclose()

    async def _front(self, _: web.Request) -> web.Response:
        return _page("Office", "<p>Welcome to the office. <a href='/login'>Log in</a></p>")

    async def _form(self, _: web.Request) -> web.Response:
        number, session = secrets.token_urlsafe(24), {"csrf": secrets.token_urlsafe(16)}
        await self._store(number, session)
        answer = _page(
            "Log in",
            f"<form method=post><input type=hidden name=csrf value='{session['csrf']}'>"
            "<input name=user><input name=password type=password></form>",
        )
        answer.set_cookie(_COOKIE, number, httponly=True)
        return answer

    async def _log_in(self, request: web.Request) -> web.Response:
        form, number, session = await request.post(), *await self._session(request)
        if session is None or form.get("csrf") != session["csrf"]:
            return _page("Forbidden", "<p>The form has expired.</p>", status=403)
        if (form.get("user"), form.get("password")) != (USER, PASSWORD):
            return _page("Log in", f"<p>{form.get('user')} / {form.get('password')} is wrong.</p>")
        await self._store(number, {**session, "user": USER})
        raise web.HTTPSeeOther("/documents")

    async def _documents(self, request: web.Request) -> web.Response:
        user = await self._user(request)
        return _page("Documents", f"<h1>Documents of {user}</h1><a class='doc' href='/api/me'>Letter</a>")

    async def _calendar(self, request: web.Request) -> web.Response:
        user = await self._user(request)
        return _page("Calendar", f"<h1>Calendar of {user}</h1>")

    async def _me(self, request: web.Request) -> web.Response:
        user = await self._user(request)
        return web.json_response({"user": user, "sessions": 1, "rights": [{"name": "read"}, {"name": "write"}]})

    async def _log_out(self, request: web.Request) -> web.Response:
        number, _ = await self._session(request)
        await self.sessions.delete(f"session:{number}")
        raise web.HTTPSeeOther("/")

    async def _user(self, request: web.Request) -> str:
        _, session = await self._session(request)
        if session is None or "user" not in session:
            raise web.HTTPFound("/login")
        return str(session["user"])

    async def _session(self, request: web.Request) -> tuple[str, dict[str, str] | None]:
        number = request.cookies.get(_COOKIE, "")
        try:
            found = await self.sessions.get(f"session:{number}")
        except redis.exceptions.RedisError as error:
            raise web.HTTPServiceUnavailable(text="the session store does not answer") from error
        return number, json.loads(found) if found else None

    async def _store(self, number: str, session: dict[str, str]) -> None:
        try:
            await self.sessions.set(f"session:{number}", json.dumps(session), ex=600)
        except redis.exceptions.RedisError as error:
            raise web.HTTPServiceUnavailable(text="the session store does not answer") from error

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        what = f"{request.method} {request.path}"
        self.asked.append(what)
        try:
            return await handler(request)
        finally:
            if self.after is not None:
                await self.after(what)


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"
    return web.Response(text=text, content_type="text/html", status=status)


if __name__ == "__main__":
    web.run_app(Office(sys.argv[2]).app, host=sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1", port=int(sys.argv[1]))
