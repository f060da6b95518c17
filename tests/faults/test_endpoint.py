"""Fault 30: whatever ails an endpoint, it is told by a class of its own, in bounded time and bytes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.probes.authority import Authority
from tests.probes.servers import Handler, Loopback, free_port, hang, http, read_request, reset
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.probes import Prober
from watchdog.probes.prober import LATE

TIMEOUT = 5.0
MAX_BYTES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is asked with `asks`, of a server that gives `answers` or does what `handler` does."""

    trouble: str
    answers: tuple[bytes, ...] = (b"",)
    handler: Handler | None = None
    certificate: Mapping[str, Any] | None = None
    url: str = "http://127.0.0.1:{port}/"
    asks: Mapping[str, Any] = field(default_factory=dict[str, Any])

    async def probe(self, loopback: Loopback, authority: Authority) -> HttpProbe:
        tls = None if self.certificate is None else authority.server(authority.issue(**self.certificate))
        port = await (loopback.serve(self.handler, tls) if self.handler else loopback.answer(*self.answers, tls=tls))
        url = self.url if tls is None else "https://127.0.0.1:{port}/"
        return HttpProbe(url=url.format(port=port), max_bytes=MAX_BYTES, **self.asks)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    reset(writer)


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail\r\n")
    await writer.drain()


NO_NAME = "no-such-name.test"
FAULTS = {
    "name": Fault(trouble="dns", url=f"http://{NO_NAME}/"),
    "refuses": Fault(trouble="refused", url=f"http://127.0.0.1:{free_port()}/"),
    "expired": Fault(trouble="tls_expired", certificate={"days": -1}),
    "wrong-host": Fault(trouble="tls_wrong_host", certificate={"host": "other.test"}),
    "self-signed": Fault(trouble="tls_self_signed", certificate={"self_signed": True}),
    "no-tls": Fault(trouble="tls_handshake", handler=greet, url="https://127.0.0.1:{port}/"),
    "silent": Fault(trouble="timeout", handler=hang),
    "drip": Fault(trouble="timeout", handler=drip),
    "loop": Fault(
        trouble="redirect_loop",
        answers=(http(302, location="/a"), http(302, location="/")),
        asks={"redirects": 9},
    ),
    "away": Fault(trouble="redirect", answers=(http(302, location="http://else.test/"),), asks={"redirects": 9}),
    "endless": Fault(trouble="too_large", handler=endless, asks={"body_contains": "the end"}),
    "reset": Fault(trouble="reset", handler=break_off),
    "broken": Fault(trouble="status", answers=(http(500),)),
    "maintenance": Fault(trouble="body", answers=(http(body=b"back soon"),), asks={"body_contains": "Welcome"}),
    "no-json": Fault(trouble="body", answers=(http(body=b"<html>"),), asks={"body_json": ("$.status == 'ok'",)}),
    "bare": Fault(trouble="security_headers", answers=(http(),), asks={"security_headers": True}),
    "ssh": Fault(trouble="protocol", answers=(b"SSH-2.0-OpenSSH_9.2\r\n",)),
}


async def test_each_fault_of_an_endpoint_has_its_class_in_bounded_time_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **more: Any) -> list[Any]:
        if host == NO_NAME:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return list(real(host, *rest, **more))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    loopback, authority, prober = Loopback(), Authority(tmp_path), Prober(time.time)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    questions = {name: await fault.probe(loopback, authority) for name, fault in FAULTS.items()}
    asked = [Check(name=name, probe=probe, timeout=TIMEOUT) for name, probe in questions.items()]
    seen: list[Observation] = await asyncio.gather(*(prober.ask(check) for check in asked))
    await prober.close()
    await loopback.close()
    assert {one.check: one.evidence.get("class") for one in seen} == {
        name: fault.trouble for name, fault in FAULTS.items()
    }
    assert {one.verdict for one in seen} == {Verdict.FAIL}
    assert all(int(one.evidence.get("bytes") or 0) <= MAX_BYTES for one in seen)
    assert all(one.seconds < TIMEOUT + LATE for one in seen)
    assert len({one.reason for one in seen}) == len(seen)
