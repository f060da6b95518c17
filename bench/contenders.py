"""What `bench.probes` compares: each in a process of its own, which asks a URL as often as a line on its input says."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import quote

from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.probes import Prober

AT_ONCE = 8
"""Asks under way at the same time, of every contender alike."""

Ask = Callable[[str], Awaitable[None]]
"""Asks the URL once over a new connection; raises when the answer is not 200."""


def watchdog(authority: str) -> Ask:
    """The product, by the door through which the daemon asks, with all that it does for an observation."""
    os.environ["SSL_CERT_FILE"] = authority
    prober = Prober(time.time)

    async def ask(url: str) -> None:
        seen = await prober.ask(Check(name="x", probe=HttpProbe(url=url)))
        assert seen.verdict is Verdict.PASS, seen

    return ask


def bare_aiohttp(authority: str) -> Ask:
    """With its trace hooks, as phases need them."""
    import aiohttp

    context = ssl.create_default_context(cafile=authority)
    sessions: list[aiohttp.ClientSession] = []

    async def note(*_: object) -> None:
        time.monotonic()

    def session() -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(note)
        trace.on_connection_create_start.append(note)
        trace.on_connection_create_end.append(note)
        trace.on_request_end.append(note)
        connector = aiohttp.TCPConnector(ssl=context, force_close=True, limit=0)
        return aiohttp.ClientSession(connector=connector, trace_configs=[trace])

    async def ask(url: str) -> None:
        if not sessions:
            sessions.append(session())
        async with sessions[0].get(url) as response:
            await response.read()
            assert response.status == 200

    return ask


def bare_httpx(authority: str) -> Ask:
    """With its trace hook."""
    import httpx

    context = ssl.create_default_context(cafile=authority)

    async def note(_: str, __: dict[str, object]) -> None:
        time.monotonic()

    async def ask(url: str) -> None:
        async with httpx.AsyncHTTPTransport(verify=context) as transport:
            request = httpx.Request("GET", url, headers={"Connection": "close"}, extensions={"trace": note})
            response = await transport.handle_async_request(request)
            await response.aread()
            assert response.status_code == 200

    return ask


def httpx_over_aiohttp(authority: str) -> Ask:
    """Without phases: it has no hooks."""
    import httpx
    from httpx_aiohttp import AiohttpTransport

    context = ssl.create_default_context(cafile=authority)
    transport = AiohttpTransport(verify=context, limits=httpx.Limits(max_keepalive_connections=0))

    async def ask(url: str) -> None:
        request = httpx.Request("GET", url, headers={"Connection": "close"}, extensions={"timeout": {}})
        response = await transport.handle_async_request(request)
        await response.aread()
        assert response.status_code == 200

    return ask


CONTENDERS: dict[str, Callable[[str], Ask]] = {
    "watchdog": watchdog,
    "aiohttp alone": bare_aiohttp,
    "httpx alone": bare_httpx,
    "httpx over aiohttp": httpx_over_aiohttp,
}


async def serve(ask: Ask) -> None:
    """For each line `URL COUNT` asks so often, and says `done`."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        url, count = line.split()
        left = iter(range(int(count)))
        await asyncio.gather(*(_work(ask, url, left) for _ in range(AT_ONCE)))
        print("done", flush=True)


async def _work(ask: Ask, url: str, left: Iterator[int]) -> None:
    for _ in left:
        await ask(url)


def drive_blackbox(port: int, url: str, count: int) -> None:
    """Has blackbox_exporter ask so often, told over kept connections."""
    left, taking = iter(range(count)), threading.Lock()
    wrong: list[bytes] = []

    def worker() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with taking:
                if next(left, None) is None:
                    return
            connection.request("GET", f"/probe?module=http_2xx&target={quote(url, safe='')}")
            page = connection.getresponse().read()
            if b"\nprobe_success 1" not in page:
                wrong.append(page)

    threads = [threading.Thread(target=worker) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.contenders", description=__doc__)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("authority", help="PEM file of whom to trust")
    arguments = parser.parse_args()
    asyncio.run(serve(CONTENDERS[arguments.name](arguments.authority)))


if __name__ == "__main__":
    main()
