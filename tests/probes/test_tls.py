from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probes.authority import Authority
from tests.probes.servers import Loopback, free_port, hang, http
from tests.support.eventually import eventually
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpConnection, HttpProbe
from watchdog.model.probe.network import StartTls, TlsProbe, TlsVersion
from watchdog.probes import Prober
from watchdog.probes.certificates import Trust

DAY = 86400.0
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"days": -2}, "tls_expired", "has expired on 20"),
    ({"begins": 5}, "tls_not_yet_valid", "is not valid yet"),
    ({"host": "other.test"}, "tls_wrong_host", "is not for the name 127.0.0.1"),
    ({"self_signed": True}, "tls_self_signed", "is self-signed"),
]


def check(port: int, kind: type[Probe], timeout: float = 5.0, **rest: Any) -> Check:
    http = kind is HttpProbe
    probe = HttpProbe(url=f"https://127.0.0.1:{port}/", **rest) if http else TlsProbe(tls=f"127.0.0.1:{port}", **rest)
    return Check(name="shop", probe=probe, timeout=timeout)


@pytest.mark.parametrize("kind", [TlsProbe, HttpProbe])
async def test_a_trusted_certificate_passes_and_tells_its_end(
    prober: Prober, loopback: Loopback, authority: Authority, kind: type[Probe]
) -> None:
    issued = authority.issue(days=90)
    seen = await prober.ask(check(await loopback.answer(http(), tls=authority.server(issued)), kind))
    assert (seen.verdict, seen.tls_not_after) == (Verdict.PASS, issued.ends)
    assert {"connect", "tls"} <= set(seen.phases)


@pytest.mark.parametrize("kind", [TlsProbe, HttpProbe])
@pytest.mark.parametrize(("fault", "trouble", "sentence"), FAULTS)
async def test_each_fault_of_a_certificate_has_a_class_and_sentence_of_its_own(
    *,
    prober: Prober,
    loopback: Loopback,
    authority: Authority,
    kind: type[Probe],
    fault: dict[str, Any],
    trouble: str,
    sentence: str,
) -> None:
    issued = authority.issue(**fault)
    seen = await prober.ask(check(await loopback.answer(http(), tls=authority.server(issued)), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, trouble)
    assert sentence in seen.reason
    assert seen.tls_not_after == issued.ends


@pytest.mark.parametrize("kind", [TlsProbe, HttpProbe])
async def test_an_authority_that_nobody_knows_is_not_trusted(
    prober: Prober,
    loopback: Loopback,
    authority: Authority,
    kind: type[Probe],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    seen = await prober.ask(check(await loopback.answer(http(), tls=authority.server(authority.issue())), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_untrusted")


async def test_an_authority_that_has_expired_is_told_from_a_certificate_that_has(
    prober: Prober, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, days=-1)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    port = await loopback.answer(http(), tls=authority.server(authority.issue()))
    seen = await prober.ask(check(port, TlsProbe))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expired")
    assert "has expired further up its chain" in seen.reason


async def test_a_host_without_authorities_trusts_mozillas(
    prober: Prober, loopback: Loopback, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nowhere")
    port = await loopback.answer(http(), tls=authority.server(authority.issue()))
    assert (await prober.ask(check(port, TlsProbe))).evidence["class"] == "tls_untrusted"
    assert Trust().verifying.cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize(("fault", "_", "__"), FAULTS)
async def test_without_verification_any_certificate_passes_over_http_and_still_tells_its_end(
    prober: Prober, loopback: Loopback, authority: Authority, fault: dict[str, Any], _: str, __: str
) -> None:
    issued = authority.issue(**fault)
    port = await loopback.answer(http(), tls=authority.server(issued))
    seen = await prober.ask(check(port, HttpProbe, verify_tls=False))
    assert (seen.verdict, seen.tls_not_after) == (Verdict.PASS, issued.ends)


async def test_a_certificate_that_ends_soon_fails_before_it_ends(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    issued = authority.issue(days=10)
    port = await loopback.answer(http(), tls=authority.server(issued))
    seen = await prober.ask(check(port, TlsProbe, expiry_warning=14 * DAY))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expires_soon")
    assert "ends in 10.0 days, on 20" in seen.reason
    assert (await prober.ask(check(port, TlsProbe, expiry_warning=9 * DAY))).verdict is Verdict.PASS


async def test_an_expired_certificate_fails_without_verification_too(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    port = await loopback.answer(http(), tls=authority.server(authority.issue(days=-1)))
    seen = await prober.ask(check(port, TlsProbe, verify_tls=False))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expired")


async def test_the_end_is_judged_by_the_clock_that_was_given(loopback: Loopback, authority: Authority) -> None:
    port = await loopback.answer(http(), tls=authority.server(authority.issue(days=90)))
    prober = Prober(lambda: time.time() + 80 * DAY)
    assert (await prober.ask(check(port, TlsProbe))).evidence["class"] == "tls_expires_soon"


@pytest.mark.parametrize("kind", [TlsProbe, HttpProbe])
async def test_a_server_without_tls_does_not_complete_the_handshake(
    prober: Prober, loopback: Loopback, kind: type[Probe]
) -> None:
    async def say(reader: Any, writer: Any) -> None:
        await reader.read(1)
        writer.write(b"220 mail.test ESMTP ready\r\n" * 20)

    seen = await prober.ask(check(await loopback.serve(say), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_handshake")


@pytest.mark.parametrize("kind", [TlsProbe, HttpProbe])
async def test_hanging_up_during_the_handshake_is_a_reset(
    prober: Prober, loopback: Loopback, kind: type[Probe]
) -> None:
    async def hang_up(reader: Any, _: Any) -> None:
        await reader.read(65536)

    seen = await prober.ask(check(await loopback.serve(hang_up), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "reset")


@pytest.mark.parametrize("kind", [TlsProbe, HttpProbe])
async def test_a_handshake_that_hangs_times_out(prober: Prober, loopback: Loopback, kind: type[Probe]) -> None:
    port = await loopback.serve(hang)
    seen = await prober.ask(check(port, kind, timeout=1.0))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "timeout")
    assert seen.reason == f"127.0.0.1:{port} did not complete the TLS handshake within 1 s"
    assert seen.seconds < 3.0
    await eventually(lambda: loopback.open == 0)  # the connection is not left open


async def test_the_name_in_the_url_is_the_name_in_the_handshake(
    prober: Prober, loopback: Loopback, authority: Authority, resolves: Any
) -> None:
    names: list[str | None] = []
    tls = authority.server(authority.issue(host="shop.test"))
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    port = await loopback.answer(http(), tls=tls)
    resolves("shop.test", "127.0.0.1")
    for probe in (HttpProbe(url=f"https://shop.test:{port}/"), TlsProbe(tls=f"shop.test:{port}")):
        assert (await prober.ask(Check(name="shop", probe=probe))).verdict is Verdict.PASS
    assert names == ["shop.test", "shop.test"]


async def test_nothing_that_listens_is_refused(prober: Prober) -> None:
    assert (await prober.ask(check(free_port(), TlsProbe))).evidence["class"] == "refused"


async def test_an_authority_that_ends_before_the_certificate_is_told_by_its_name(
    prober: Prober, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, days=5)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    port = await loopback.answer(http(), tls=authority.server(authority.issue(days=90)))
    seen = await prober.ask(check(port, TlsProbe))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expires_soon")
    assert "the authority CN=Test root above the certificate" in seen.reason
    assert (await prober.ask(check(port, TlsProbe, expiry_warning=2 * DAY))).verdict is Verdict.PASS
    unverified = await prober.ask(check(port, TlsProbe, verify_tls=False))
    assert unverified.verdict is Verdict.PASS  # what is not verified has no chain


async def test_the_evidence_tells_which_certificate_it_is_though_it_is_not_trusted(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    good, bad = authority.issue(), authority.issue(host="other.test")
    shown = [
        (await prober.ask(check(await loopback.answer(http(), tls=authority.server(one)), TlsProbe))).evidence
        for one in (good, good, bad)
    ]
    digest = good.certificate.fingerprint(hashes.SHA256()).hex()
    assert [one["certificate"] == digest for one in shown] == [True, True, False]
    assert shown[2]["certificate"] == bad.certificate.fingerprint(hashes.SHA256()).hex()
    assert shown[0]["issuer"] == "CN=Test root"
    assert shown[0]["serial"] == f"{good.certificate.serial_number:x}"
    assert shown[0]["tls_version"] == "1.3"


async def test_a_version_that_is_too_old_has_a_class_of_its_own(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    context = authority.server(authority.issue())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = await loopback.answer(http(), tls=context)
    assert (await prober.ask(check(port, TlsProbe, min_version=TlsVersion.V1_2))).verdict is Verdict.PASS
    old = await prober.ask(check(port, TlsProbe, min_version=TlsVersion.V1_3))
    assert (old.verdict, old.evidence["class"]) == (Verdict.FAIL, "tls_version")
    assert "speaks TLS 1.2; at least 1.3 is expected" in old.reason


async def test_the_server_name_is_asked_for_and_must_be_the_certificates(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    context = authority.server(authority.issue(host="shop.test"))
    asked: list[str | None] = []
    context.sni_callback = lambda _session, name, _context: asked.append(name)
    port = await loopback.answer(http(), tls=context)
    assert (await prober.ask(check(port, TlsProbe, server_name="shop.test"))).verdict is Verdict.PASS
    wrong = await prober.ask(check(port, TlsProbe, server_name="other.test"))
    assert (wrong.evidence["class"], "for the name other.test" in wrong.reason) == ("tls_wrong_host", True)
    assert asked[:2] == ["shop.test", "other.test"]


DIALOGUES: dict[StartTls, list[tuple[bytes, bytes]]] = {
    StartTls.SMTP: [
        (b"", b"220-mail.test\r\n220 ESMTP\r\n"),
        (b"EHLO watchdog\r\n", b"250-mail.test\r\n250-STARTTLS\r\n250 OK\r\n"),
        (b"STARTTLS\r\n", b"220 go\r\n"),
    ],
    StartTls.IMAP: [(b"", b"* OK ready\r\n"), (b"a STARTTLS\r\n", b"* OK still here\r\na OK go\r\n")],
    StartTls.POP3: [(b"", b"+OK ready\r\n"), (b"STLS\r\n", b"+OK go\r\n")],
    StartTls.FTP: [(b"", b"220 ready\r\n"), (b"AUTH TLS\r\n", b"234 go\r\n")],
    StartTls.POSTGRESQL: [(b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S")],
}
REFUSALS = {
    StartTls.SMTP: b"502 no\r\n",
    StartTls.IMAP: b"a BAD no\r\n",
    StartTls.POP3: b"-ERR no\r\n",
    StartTls.FTP: b"500 no\r\n",
    StartTls.POSTGRESQL: b"N",
}


@pytest.mark.parametrize("protocol", StartTls)
async def test_tls_that_begins_in_plain_text_is_begun_as_its_protocol_says(
    prober: Prober, loopback: Loopback, authority: Authority, protocol: StartTls
) -> None:
    context = authority.server(authority.issue())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for wanted, answer in DIALOGUES[protocol]:
            assert await reader.readexactly(len(wanted)) == wanted
            for byte in answer:  # in pieces, as networks do
                writer.write(bytes([byte]))
                await writer.drain()
        await writer.start_tls(context)
        await reader.read()

    probe = TlsProbe(tls=f"127.0.0.1:{await loopback.serve(serve)}", starttls=protocol)
    seen = await prober.ask(Check(name="mail", probe=probe))
    assert seen.verdict is Verdict.PASS, seen


@pytest.mark.parametrize("protocol", StartTls)
async def test_a_server_that_begins_no_tls_says_so_and_is_left(
    prober: Prober, loopback: Loopback, protocol: StartTls
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for wanted, answer in [*DIALOGUES[protocol][:-1], (DIALOGUES[protocol][-1][0], REFUSALS[protocol])]:
            assert await reader.readexactly(len(wanted)) == wanted
            writer.write(answer)
        await reader.read()

    probe = TlsProbe(tls=f"127.0.0.1:{await loopback.serve(refuse)}", starttls=protocol)
    seen = await prober.ask(Check(name="mail", probe=probe))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_handshake")
    assert f"begins no TLS over {protocol}" in seen.reason
    await eventually(lambda: loopback.open == 0)


@settings(max_examples=200, deadline=None)
@given(said=st.binary(max_size=300), protocol=st.sampled_from(StartTls))
def test_whatever_is_said_before_tls_becomes_an_observation(said: bytes, protocol: StartTls) -> None:
    async def ask() -> Observation:
        loopback, prober = Loopback(), Prober(time.time)

        async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            await writer.drain()

        try:
            probe = TlsProbe(tls=f"127.0.0.1:{await loopback.serve(talk)}", starttls=protocol)
            return await prober.ask(Check(name="mail", probe=probe, timeout=5.0))
        finally:
            await loopback.close()
            await prober.close()

    seen = asyncio.run(ask())
    assert seen.verdict is Verdict.FAIL, seen
    assert seen.reason.isprintable()


@pytest.mark.parametrize("connection", HttpConnection)
async def test_what_is_asked_over_https_has_its_certificate_in_common_with_tls(
    prober: Prober, loopback: Loopback, authority: Authority, connection: HttpConnection
) -> None:
    port = await loopback.answer(http(), tls=authority.server(authority.issue()))
    over_tls = await prober.ask(check(port, TlsProbe))
    for _ in range(2):
        over_https = await prober.ask(check(port, HttpProbe, connection=connection))
        assert over_https.verdict is Verdict.PASS, over_https
        assert over_https.evidence["certificate"] == over_tls.evidence["certificate"]
