"""A name server on loopback that says what a test wants, over UDP and TCP on one port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import dns.message

Answer = Callable[[dns.message.Message], bytes | None]
"""The wire form of an answer; None is silence."""


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self.over: list[str] = []
        """The transports of the questions."""

    async def start(self) -> str:
        """`host:port`"""
        self._tcp = await asyncio.start_server(self._stream, "127.0.0.1", 0)
        address = self._tcp.sockets[0].getsockname()
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=address)
        return f"{address[0]}:{address[1]}"

    async def close(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.over.append("udp")
        said = self._answer(dns.message.from_wire(data))
        if said is not None and self._udp is not None:
            self._udp.sendto(said, addr)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        self.over.append("tcp")
        said = self._answer(dns.message.from_wire(await reader.readexactly(size)))
        if said is not None:
            writer.write(len(said).to_bytes(2, "big") + said)
            await writer.drain()
        writer.close()


def zone(*records: str, rcode: str = "NOERROR", flags: str = "") -> Answer:
    """Answers everything with these records, as `shop.test. 60 IN A 10.0.0.5`."""

    def answer(query: dns.message.Message) -> bytes:
        text = "\n".join([f"id {query.id}", "opcode QUERY", f"rcode {rcode}", f"flags QR RD RA {flags}", ";QUESTION"])
        text += "\n".join(["", *(one.to_text() for one in query.question), ";ANSWER", *records, ";AUTHORITY"])
        return dns.message.from_text(text).to_wire(max_size=65535)

    return answer
