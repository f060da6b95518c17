"""Does the URL answer as expected?"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

import httpx

from watchdog import __version__
from watchdog.model.question import HttpQuestion
from watchdog.probes.answer import judge
from watchdog.probes.ask import Ask, Finding, Phase, Trouble, Unconnected
from watchdog.probes.certificates import Trust, distrust, look_again, not_after
from watchdog.probes.failures import chain, explain
from watchdog.probes.network import Resolver, endpoint, first_to_connect
from watchdog.probes.redirects import next_request

_PORTS: Final = {"http": 80, "https": 443}
_PHASES: Final = {
    "connection.connect_tcp.started": Phase.CONNECT,
    "connection.start_tls.started": Phase.TLS,
    "http11.send_request_headers.started": Phase.PROCESSING,
    "http11.receive_response_headers.complete": Phase.TRANSFER,
}


class HttpProbe:
    """Makes a request over a new connection and judges status, headers, body and time."""

    def __init__(self, resolver: Resolver, trust: Trust) -> None:
        self._resolver = resolver
        self._trust = trust

    async def __call__(self, ask: Ask[HttpQuestion]) -> str:
        request = first_request(ask)
        addresses = await self._resolver.resolve(ask, request.url.raw_host.decode("ascii"))
        asked: set[str] = set()
        while True:
            asked.add(f"{request.method} {request.url}")
            async with self._response(ask, request, addresses) as response:
                following = next_request(ask, request, response, asked)
                if following is None:
                    return await judge(ask, response)
            request = following

    @contextlib.asynccontextmanager
    async def _response(
        self, ask: Ask[HttpQuestion], request: httpx.Request, addresses: Sequence[str]
    ) -> AsyncGenerator[httpx.Response]:
        """The answer of the first address that takes the connection, its body not yet read."""
        context = self._trust.verifying if ask.question.verify_tls and request.url.scheme == "https" else None
        async with httpx.AsyncHTTPTransport(verify=context or self._trust.accepting) as transport:
            try:
                response = await first_to_connect(ask, addresses, partial(self._send, ask, transport, request))
                ask.evidence["http_status"] = response.status_code
                ask.evidence["http_version"] = response.http_version
                session = response.extensions["network_stream"].get_extra_info("ssl_object")
                if session is not None:
                    ask.tls_not_after = not_after(session)
                try:
                    yield response
                finally:
                    await response.aclose()
            except httpx.HTTPError as error:
                raise _finding(ask, error) from error

    async def _send(
        self,
        ask: Ask[HttpQuestion],
        transport: httpx.AsyncHTTPTransport,
        request: httpx.Request,
        address: str,
        seconds: float | None,
    ) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or _PORTS[request.url.scheme]
        ask.evidence["remote"] = endpoint(address, port)

        opened: list[Any] = []

        async def trace(event: str, found: dict[str, Any]) -> None:
            if event in _PHASES:
                ask.enter(_PHASES[event])
            elif event == "connection.connect_tcp.complete":
                opened.append(found["return_value"])

        addressed = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={"trace": trace, "sni_hostname": host, "timeout": {"connect": seconds}},
        )
        try:
            return await transport.handle_async_request(addressed)
        except asyncio.CancelledError:
            for stream in opened:  # httpcore forgets the socket of a TLS handshake that is cancelled
                await stream.aclose()
            raise
        except httpx.ConnectError as error:
            for cause in chain(error):
                if isinstance(cause, ssl.SSLCertVerificationError):
                    await look_again(ask, address, port, self._trust, host)
                    raise distrust(cause, ask, host) from error
            raise explain(error, endpoint(address, port)) from error
        except httpx.ConnectTimeout as error:
            what = "complete the TLS handshake" if ask.phase is Phase.TLS else "take the connection"
            raise Unconnected(Trouble.TIMEOUT, f"{endpoint(address, port)} did not {what} in time") from error


def first_request(ask: Ask[HttpQuestion]) -> httpx.Request:
    """The request as configured; credentials in the URL become a header and are gone from then on."""
    question = ask.question
    try:
        url = httpx.URL(question.url)
    except httpx.InvalidURL as error:
        raise Finding(Trouble.NOT_ASKED, f"the check's target is no URL: {error}") from error
    if url.scheme not in _PORTS or not url.host:
        raise Finding(Trouble.NOT_ASKED, "the check's target is no URL: it starts with http:// or https:// and a host")
    headers = httpx.Headers(
        {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": f"watchdog/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
    )
    if url.userinfo:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(url.userinfo).encode()).decode("ascii")
        url = url.copy_with(userinfo=b"")
    headers.update(question.headers)
    headers["Connection"] = "close"
    body = question.body.encode() if question.body is not None else None
    return httpx.Request(question.method, url, headers=headers, content=body)


def _finding(ask: Ask[HttpQuestion], error: httpx.HTTPError) -> Finding:
    """What an error after the connection was made means."""
    remote = str(ask.evidence["remote"])
    match error:
        case httpx.LocalProtocolError():
            return Finding(Trouble.NOT_ASKED, f"the check's request cannot be sent: {error}")
        case httpx.RemoteProtocolError() if "disconnected" in str(error):
            return Finding(Trouble.RESET, f"{remote} closed the connection without an answer")
        case httpx.RemoteProtocolError() if "peer closed" in str(error):
            return Finding(Trouble.RESET, f"{remote} closed the connection in the middle of the body")
        case httpx.RemoteProtocolError():
            return Finding(Trouble.PROTOCOL, f"{remote} does not speak HTTP/1.1: {error}")
        case _:
            return explain(error, remote)
