from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.network import IcmpProbe
from watchdog.probes import Prober
from watchdog.probes.icmp import checksum, is_reply


async def ping(prober: Prober, host: str, limit: float = 5.0) -> Observation:
    return await prober.ask(Check(name="c", probe=IcmpProbe(icmp=host), timeout=limit))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_a_host_that_answers_passes(prober: Prober, host: str) -> None:
    seen = await ping(prober, host)
    assert seen.verdict is Verdict.PASS, seen
    assert "answers a ping" in seen.reason
    assert list(seen.phases) == ["resolve", "processing"]


async def test_addresses_are_tried_in_turn(prober: Prober, resolves: Any) -> None:
    resolves("shop.test", "255.255.255.255", "127.0.0.1")
    seen = await ping(prober, "shop.test")
    assert (seen.verdict, seen.evidence["remote"]) == (Verdict.PASS, "127.0.0.1")


async def test_without_the_power_to_ping_nothing_is_said_of_the_host(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("watchdog.probes.vantage.Host.socket", forbidden)
    seen = await ping(prober, "127.0.0.1")
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.UNKNOWN, "not_asked")
    assert "CAP_NET_RAW" in seen.reason


@given(packet=st.binary(max_size=300), token=st.binary(min_size=16, max_size=16), headed=st.booleans())
def test_only_an_answer_to_our_own_ping_counts(packet: bytes, token: bytes, *, headed: bool) -> None:
    header = b"\x46" + bytes(23) if headed else b""
    assert not is_reply(packet, token, 0, headed=headed)
    assert is_reply(header + bytes(8) + token, token, 0, headed=headed)
    assert not is_reply(header + b"\x08" + bytes(7) + token, token, 0, headed=headed)
    assert not is_reply(header + bytes(8) + token + packet[:1] + b"x", token, 0, headed=headed)


@given(st.binary(min_size=1, max_size=301))
def test_a_packet_with_its_checksum_in_it_sums_to_nothing(content: bytes) -> None:
    even = content + b"\0" * (len(content) % 2)
    assert checksum(even + checksum(even).to_bytes(2, "big")) == 0
