from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.probes.servers import Loopback, hang, reset
from tests.support.eventually import eventually
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.network import TcpProbe
from watchdog.probes import Prober


async def ask(prober: Prober, port: int, limit: float = 5.0, **rest: Any) -> Observation:
    return await prober.ask(Check(name="c", probe=TcpProbe(tcp=f"127.0.0.1:{port}", **rest), timeout=limit))


def failed(seen: Observation, trouble: str) -> bool:
    return (seen.verdict, seen.evidence.get("class")) == (Verdict.FAIL, trouble)


async def _redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    word = await reader.readline()
    writer.write(b"+PONG\r\n" if word == b"PING\r\n" else b"-ERR unknown command\r\n")
    await reader.read()


async def test_what_is_sent_is_answered_as_expected(prober: Prober, loopback: Loopback) -> None:
    seen = await ask(prober, await loopback.serve(_redis), send="PING\r\n", expect=r"^\+PONG\r?$")
    assert seen.verdict is Verdict.PASS, seen
    assert list(seen.phases) == ["resolve", "connect", "processing", "transfer"]
    await eventually(lambda: loopback.open == 0)


async def test_a_banner_may_come_in_pieces(prober: Prober, loopback: Loopback) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in "SSH-2.0-ÄSSH\r\n".encode():
            writer.write(bytes([byte]))
            await writer.drain()

    assert (await ask(prober, await loopback.serve(speak), expect="^SSH-2.0-ÄSSH")).verdict is Verdict.PASS


async def test_another_word_is_told_once_the_other_side_hangs_up(prober: Prober, loopback: Loopback) -> None:
    seen = await ask(prober, await loopback.serve(_say(b"220 wait\x1b[31m\r\n")), expect="^SSH")
    assert failed(seen, "body")
    assert seen.reason.endswith(r"says '220 wait\x1b[31m\r\n' and hangs up; expected is '^SSH'")
    silent = await ask(prober, await loopback.serve(_say(b"")), expect="^SSH")
    assert "hangs up without a word" in silent.reason


async def test_silence_and_a_wrong_word_without_end_are_time_outs(prober: Prober, loopback: Loopback) -> None:
    silent = await ask(prober, await loopback.serve(hang), 0.3, expect="^SSH")
    assert failed(silent, "timeout")
    assert "did not answer" in silent.reason
    wrong = await ask(prober, await loopback.serve(_redis), 0.3, send="HELLO\r\n", expect=r"^\+PONG")
    assert failed(wrong, "timeout")
    assert "sent 22 bytes and was not done" in wrong.reason


async def test_no_more_is_read_than_was_agreed(prober: Prober, loopback: Loopback) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    seen = await ask(prober, await loopback.serve(endless), expect="y", max_bytes=1000)
    assert failed(seen, "too_large")
    assert seen.evidence["bytes"] == 1000


@pytest.mark.parametrize("said", [b"", b"\xff\x00\x1b"])
async def test_a_reset_is_a_reset(prober: Prober, loopback: Loopback, said: bytes) -> None:
    async def end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await asyncio.sleep(0)
        reset(writer)

    assert failed(await ask(prober, await loopback.serve(end), expect="y"), "reset")


def _say(what: bytes) -> Any:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(what)
        await writer.drain()

    return speak
