"""A name server says of a name what is expected: asked on loopback, over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probes.name_server import Answer, NameServer, zone
from tests.probes.servers import free_port
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.network import DnsProbe, DnsRcode, DnsType
from watchdog.probes import Prober

Serve = Callable[[Answer], Awaitable[tuple[NameServer, str]]]
TWO = zone("shop.test. 60 IN A 10.0.0.5", "shop.test. 60 IN A 10.0.0.6")


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[NameServer] = []

    async def start(answer: Answer) -> tuple[NameServer, str]:
        servers.append(NameServer(answer))
        return servers[-1], await servers[-1].start()

    yield start
    for server in servers:
        await server.close()


async def ask(prober: Prober, where: str | None, limit: float = 5.0, **rest: Any) -> Observation:
    probe = DnsProbe(dns="shop.test", server=where, **rest)
    return await prober.ask(Check(name="c", probe=probe, timeout=limit))


def judged(seen: Observation) -> tuple[Verdict, Any]:
    return seen.verdict, seen.evidence.get("class")


async def test_a_name_that_has_an_answer_passes(prober: Prober, serve: Serve) -> None:
    _, where = await serve(TWO)
    seen = await ask(prober, where)
    assert seen.verdict is Verdict.PASS, seen
    assert seen.reason == f"{where} answers 10.0.0.5, 10.0.0.6 for A of shop.test"
    assert list(seen.phases) == ["resolve", "processing"]
    assert seen.evidence == {
        "remote": where,
        "transport": "udp",
        "rcode": "NOERROR",
        "answers": "10.0.0.5, 10.0.0.6",
    }


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        ({"answers": ("10.0.0.6", "10.0.0.5")}, Verdict.PASS),
        ({"answers": ("10.0.0.5",)}, Verdict.FAIL),
        ({"answers": ("10.0.0.5", "10.0.0.6", "10.0.0.7")}, Verdict.FAIL),
        ({"answers_match": r"^10\.0\.0\.6$"}, Verdict.PASS),
        ({"answers_match": r"^10\.1\."}, Verdict.FAIL),
        ({"rcode": DnsRcode.NXDOMAIN}, Verdict.FAIL),
    ],
)
async def test_answers_are_compared_as_a_set_and_by_pattern(
    prober: Prober, serve: Serve, expected: dict[str, Any], verdict: Verdict
) -> None:
    _, where = await serve(TWO)
    seen = await ask(prober, where, **expected)
    assert seen.verdict is verdict, seen
    assert verdict is Verdict.PASS or seen.evidence["class"] == ("dns_rcode" if "rcode" in expected else "dns_answer")


@pytest.mark.parametrize(
    ("kind", "record", "answer"),
    [
        (DnsType.AAAA, "shop.test. 60 IN AAAA 2001:db8:0:0:0:0:0:1", "2001:DB8::1"),
        (DnsType.MX, "shop.test. 60 IN MX 10 Mail.Shop.test.", "10 mail.shop.test"),
        (DnsType.TXT, 'shop.test. 60 IN TXT "v=spf1 " "-ALL"', "v=spf1 -ALL"),
        (DnsType.CNAME, "shop.test. 60 IN CNAME web.shop.test.", "WEB.shop.test."),
        (DnsType.SRV, "shop.test. 60 IN SRV 1 2 443 web.shop.test.", "1 2 443 web.shop.test"),
    ],
)
async def test_each_kind_of_record_is_compared_whatever_its_spelling(
    *, prober: Prober, serve: Serve, kind: DnsType, record: str, answer: str
) -> None:
    _, where = await serve(zone(record))
    seen = await ask(prober, where, type=kind, answers=(answer,))
    assert seen.verdict is Verdict.PASS, seen


async def test_a_chain_of_other_names_is_followed_to_its_end(prober: Prober, serve: Serve) -> None:
    _, where = await serve(zone("shop.test. 60 IN CNAME web.test.", "web.test. 60 IN A 10.0.0.5"))
    assert (await ask(prober, where, answers=("10.0.0.5",))).verdict is Verdict.PASS
    _, where = await serve(zone("shop.test. 60 IN CNAME web.test.", "web.test. 60 IN CNAME shop.test."))
    assert judged(await ask(prober, where))[0] is Verdict.FAIL


async def test_a_name_that_does_not_exist_fails_unless_that_is_expected(prober: Prober, serve: Serve) -> None:
    _, where = await serve(zone(rcode="NXDOMAIN"))
    seen = await ask(prober, where)
    assert judged(seen) == (Verdict.FAIL, "dns_rcode")
    assert seen.reason == f"{where} answers NXDOMAIN for A of shop.test; expected is NOERROR"
    assert (await ask(prober, where, rcode=DnsRcode.NXDOMAIN)).verdict is Verdict.PASS


async def test_a_name_without_an_answer_fails(prober: Prober, serve: Serve) -> None:
    _, where = await serve(zone())
    assert judged(await ask(prober, where)) == (Verdict.FAIL, "dns_answer")


async def test_an_answer_that_does_not_fit_is_asked_for_over_tcp(prober: Prober, serve: Serve) -> None:
    records = [f"shop.test. 60 IN A 10.0.{number // 250}.{number % 250}" for number in range(1000)]
    whole, cut = zone(*records), zone(flags="TC")

    def answer(query: dns.message.Message) -> bytes | None:
        return whole(query) if "tcp" in server.over else cut(query)

    server, where = await serve(answer)
    seen = await ask(prober, where, answers=tuple(record.split()[-1] for record in records))
    assert seen.verdict is Verdict.PASS, seen.reason
    assert (server.over, seen.evidence["transport"]) == (["udp", "tcp"], "tcp")
    assert len(str(seen.evidence["answers"])) <= 200


async def test_a_lost_datagram_is_no_failure(prober: Prober, serve: Serve) -> None:
    server, where = await serve(lambda query: TWO(query) if len(server.over) > 1 else None)
    assert (await ask(prober, where, 2.0)).verdict is Verdict.PASS


async def test_a_silent_server_and_one_that_is_not_there_are_failures_of_their_own(
    prober: Prober, serve: Serve
) -> None:
    _, where = await serve(lambda _: None)
    assert judged(await ask(prober, where, 0.5)) == (Verdict.FAIL, "timeout")
    assert judged(await ask(prober, f"127.0.0.1:{free_port()}")) == (Verdict.FAIL, "refused")


@pytest.mark.parametrize(
    ("resolv_conf", "trouble"),
    [("", "resolver"), ("nameserver 255.255.255.255\n", "resolver"), ("nameserver 127.0.0.66\n", "resolver")],
)
async def test_without_a_server_of_its_own_the_resolver_that_is_silent_is_the_askers(
    prober: Prober, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, resolv_conf: str, trouble: str
) -> None:
    (tmp_path / "resolv.conf").write_text(resolv_conf)
    monkeypatch.setattr("watchdog.probes.vantage.RESOLV_CONF", tmp_path / "resolv.conf")
    assert judged(await ask(prober, None, 1.0)) == (Verdict.UNKNOWN, trouble)


async def test_an_answer_to_another_question_is_not_taken(prober: Prober, serve: Serve) -> None:
    def stranger(query: dns.message.Message) -> bytes | None:
        query.id ^= 1
        return TWO(query)

    _, where = await serve(stranger)
    assert judged(await ask(prober, where, 1.0))[0] is Verdict.FAIL


@settings(max_examples=200, deadline=None)
@given(said=st.binary(max_size=300), begins_right=st.booleans())
def test_whatever_a_server_says_becomes_an_observation(said: bytes, *, begins_right: bool) -> None:
    def answer(query: dns.message.Message) -> bytes:
        head = query.id.to_bytes(2, "big") + b"\x81\x80" if begins_right else b""
        return head + said

    async def asked() -> Observation:
        server, prober = NameServer(answer), Prober(time.time)
        try:
            return await ask(prober, await server.start(), 0.5, answers=("10.0.0.5",))
        finally:
            await prober.close()
            await server.close()

    seen = asyncio.run(asked())
    assert seen.verdict is Verdict.FAIL, seen
    assert seen.reason.isprintable()
