"""The connection to the engine: one session, and a deadline on every call.

aiodocker has public methods only for a part of the calls that are needed, and those have neither deadlines nor raw
bodies. So this file, and no other, uses its general query: same connection, same errors, every endpoint.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

import aiodocker
import aiohttp

from watchdog.engine.border import translated
from watchdog.errors import ConfigurationError, EngineUnavailable
from watchdog.model.container import api_number
from watchdog.model.settings import EngineSettings

Params = Mapping[str, str | int]

NEWEST_API: Final = (1, 45)
"""What this version was tested with; a newer engine speaks it as well."""
DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
CHANGE_PATIENCE: Final = 3
"""A change may take this many times as long as a look: an engine under load starts containers one by one."""


class Chunks:
    """An endless answer, piece by piece. Giving up waiting loses nothing."""

    def __init__(self, content: aiohttp.StreamReader, host: str) -> None:
        self._content = content
        self._host = host

    async def read(self, patience: float) -> bytes | None:
        """What came, None when nothing did for `patience` seconds, nothing (b"") at the end of the answer."""
        with translated(self._host, patience):
            try:
                async with asyncio.timeout(patience):
                    return await self._content.readany()
            except TimeoutError:
                return None


class Transport:
    """Raw calls. They raise only children of EngineError; ConfigurationError comes for an address that is none."""

    def __init__(self, settings: EngineSettings) -> None:
        self.host: Final = settings.host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
        self.timeout: Final = settings.timeout
        self._url = _url(self.host, tls=settings.tls_verify)
        self._tls = _tls_context(settings) if self._url.startswith("https://") else None
        self._client: aiodocker.Docker | None = None
        self.api_version = ""
        """Empty until the engine was asked for the first time."""

    @property
    def local(self) -> bool:
        """On this machine, as far as the address tells."""
        return self._url.startswith("unix://")

    async def negotiate(self) -> Mapping[str, Any]:
        """Asks for the engine's version and agrees on the API version; returns the engine's answer."""
        version: Any = await self._call("GET", "version", versioned=False, seconds=self.timeout)
        if not isinstance(version, dict) or "ApiVersion" not in version:
            raise EngineUnavailable(f"what answers at {self.host} is not a Docker engine: it names no API version")
        try:
            agreed = min(NEWEST_API, api_number(str(version["ApiVersion"])))  # pyright: ignore[reportUnknownArgumentType]  # JSON
        except ValueError as error:
            raise EngineUnavailable(f"the engine at {self.host} names {error}") from None
        self.api_version = ".".join(map(str, agreed))
        self._docker().api_version = f"v{self.api_version}"
        return cast("Mapping[str, Any]", version)

    async def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON that is there."""
        await self._agree()
        return await self._call("GET", path, params, seconds=self.timeout)

    async def get_text(self, path: str, params: Params) -> str:
        """An answer that ends and is not one JSON value, as one of several lines."""
        await self._agree()
        return (await self._ask("GET", path, params, seconds=self.timeout))[1]

    async def change(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        extra: float = 0.0,
    ) -> Any:
        """A call that changes something; it may take `extra` seconds more, as a stop does."""
        await self._agree()
        return await self._call(method, path, params, body, seconds=CHANGE_PATIENCE * self.timeout + extra)

    async def head(self, path: str, params: Params, header: str) -> str | None:
        """One header of the answer; None when the engine refuses, which it cannot explain without a body."""
        await self._agree()
        with translated(self.host, self.timeout):
            async with asyncio.timeout(self.timeout):
                try:
                    response = await self._docker()._do_query(path, "HEAD", params=dict(params))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see the top
                except json.JSONDecodeError:
                    return None
                async with response:
                    return response.headers.get(header)

    async def ping(self) -> None:
        """Whether the engine answers at all: a frozen one accepts connections and stays silent."""
        await self._call("GET", "_ping", versioned=False, seconds=self.timeout)

    @asynccontextmanager
    async def stream(
        self, path: str, params: Params, *, method: str = "GET", body: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Chunks]:
        await self._agree()
        content = None if body is None else json.dumps(body)
        with translated(self.host, self.timeout):
            async with asyncio.timeout(self.timeout):
                response = await self._docker()._do_query(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see the top
                    path, method, params=dict(params), data=content, timeout=None
                )
        try:
            yield Chunks(response.content, self.host)
        finally:
            response.close()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            await self._client.connector.close()  # it is ours, so the client leaves it open
            self._client = None

    async def _agree(self) -> None:
        if not self.api_version:
            await self.negotiate()

    async def _call(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        seconds: float,
        versioned: bool = True,
    ) -> Any:
        kind, text = await self._ask(method, path, params, body, seconds=seconds, versioned=versioned)
        with translated(self.host, seconds):
            return json.loads(text) if kind == "application/json" and text.strip() else None

    async def _ask(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        seconds: float,
        versioned: bool = True,
    ) -> tuple[str, str]:
        """Content type and body of the answer."""
        content = None if body is None else json.dumps(body)
        with translated(self.host, seconds):
            async with asyncio.timeout(seconds):
                response = await self._docker()._do_query(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see the top
                    path, method, params=dict(params or {}), data=content, versioned_api=versioned
                )
                async with response:
                    return response.content_type, await response.text()

    def _docker(self) -> aiodocker.Docker:
        if self._client is None:  # not in the constructor: aiohttp wants a running loop
            self._client = aiodocker.Docker(url=self._client_url, connector=self._connector())
        return self._client

    @property
    def _client_url(self) -> str:
        """What aiodocker is to compose addresses from; behind a socket any host name does."""
        return "unix://localhost" if self.local else self._url

    def _connector(self) -> aiohttp.BaseConnector:
        """Without a limit: each followed log holds a connection, and a hundredth would starve every other call."""
        if self.local:
            return aiohttp.UnixConnector(self._url.removeprefix("unix://"), limit=0)
        return aiohttp.TCPConnector(ssl=self._tls or True, limit=0)


def _url(host: str, *, tls: bool) -> str:
    scheme, separator, rest = host.partition("://")
    if separator and rest and scheme == "unix":
        return host
    if separator and rest and scheme in {"tcp", "http", "https"}:
        return f"{'https' if tls or scheme == 'https' else 'http'}://{rest.rstrip('/')}"
    raise ConfigurationError(f"engine.host {host!r} is no address of an engine: write unix:///PATH or tcp://HOST:PORT")


def _tls_context(settings: EngineSettings) -> ssl.SSLContext:
    folder = settings.cert_path or Path.home() / ".docker"
    try:
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    except OSError as error:  # ssl.SSLError is one
        message = f"engine.cert_path {folder}: ca.pem, cert.pem and key.pem must be there and readable ({error})"
        raise ConfigurationError(message) from error
    return context
