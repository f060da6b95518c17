from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@dataclass
class Webhook:
    """Answers each request by the same bytes, at once; without any it never answers."""

    answer: bytes = b""
    url: str = ""
    heads: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])

    def says(self, body: bytes, status: int = 200, more: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self.answer = head.encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            (length,) = (int(line.split(":")[1]) for line in head.splitlines() if line.startswith("Content-Length"))
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            writer.write(self.answer)
            if not self.answer:
                await reader.read()
        finally:
            writer.close()


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    found = Webhook()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path-s3cret/"
    async with server:
        yield found
