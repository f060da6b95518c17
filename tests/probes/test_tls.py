from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.probes.authority import Authority
from tests.probes.servers import Loopback, free_port, hang, http
from tests.support.eventually import eventually
from watchdog.model.observation import Check, Verdict
from watchdog.model.question import CheckKind, HttpQuestion, TlsQuestion
from watchdog.probes import Prober
from watchdog.probes.certificates import Trust

DAY = 86400.0
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"days": -2}, "tls_expired", "has expired on 20"),
    ({"begins": 5}, "tls_not_yet_valid", "is not valid yet"),
    ({"host": "other.test"}, "tls_wrong_host", "is not for the name 127.0.0.1"),
    ({"self_signed": True}, "tls_self_signed", "is self-signed"),
]


def check(port: int, kind: CheckKind, timeout: float = 5.0, **rest: Any) -> Check:
    http = kind is CheckKind.HTTP
    question = (
        HttpQuestion(url=f"https://127.0.0.1:{port}/", **rest) if http else TlsQuestion(tls=f"127.0.0.1:{port}", **rest)
    )
    return Check(name="shop", question=question, timeout=timeout)


@pytest.mark.parametrize("kind", [CheckKind.TLS, CheckKind.HTTP])
async def test_a_trusted_certificate_passes_and_tells_its_end(
    prober: Prober, loopback: Loopback, authority: Authority, kind: CheckKind
) -> None:
    issued = authority.issue(days=90)
    seen = await prober.ask(check(await loopback.answer(http(), tls=authority.server(issued)), kind))
    assert (seen.verdict, seen.tls_not_after) == (Verdict.PASS, issued.ends)
    assert {"connect", "tls"} <= set(seen.phases)


@pytest.mark.parametrize("kind", [CheckKind.TLS, CheckKind.HTTP])
@pytest.mark.parametrize(("fault", "trouble", "sentence"), FAULTS)
async def test_each_fault_of_a_certificate_has_a_class_and_sentence_of_its_own(
    *,
    prober: Prober,
    loopback: Loopback,
    authority: Authority,
    kind: CheckKind,
    fault: dict[str, Any],
    trouble: str,
    sentence: str,
) -> None:
    issued = authority.issue(**fault)
    seen = await prober.ask(check(await loopback.answer(http(), tls=authority.server(issued)), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, trouble)
    assert sentence in seen.reason
    assert seen.tls_not_after == issued.ends


@pytest.mark.parametrize("kind", [CheckKind.TLS, CheckKind.HTTP])
async def test_an_authority_that_nobody_knows_is_not_trusted(
    prober: Prober,
    loopback: Loopback,
    authority: Authority,
    kind: CheckKind,
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
    seen = await prober.ask(check(port, CheckKind.TLS))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expired")
    assert "has expired further up its chain" in seen.reason


async def test_a_host_without_authorities_trusts_mozillas(
    prober: Prober, loopback: Loopback, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nowhere")
    port = await loopback.answer(http(), tls=authority.server(authority.issue()))
    assert (await prober.ask(check(port, CheckKind.TLS))).evidence["class"] == "tls_untrusted"
    assert Trust().verifying.cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize(("fault", "_", "__"), FAULTS)
async def test_without_verification_any_certificate_passes_over_http_and_still_tells_its_end(
    prober: Prober, loopback: Loopback, authority: Authority, fault: dict[str, Any], _: str, __: str
) -> None:
    issued = authority.issue(**fault)
    port = await loopback.answer(http(), tls=authority.server(issued))
    seen = await prober.ask(check(port, CheckKind.HTTP, verify_tls=False))
    assert (seen.verdict, seen.tls_not_after) == (Verdict.PASS, issued.ends)


async def test_a_certificate_that_ends_soon_fails_before_it_ends(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    issued = authority.issue(days=10)
    port = await loopback.answer(http(), tls=authority.server(issued))
    seen = await prober.ask(check(port, CheckKind.TLS, expiry_warning=14 * DAY))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expires_soon")
    assert "ends in 10.0 days, on 20" in seen.reason
    assert (await prober.ask(check(port, CheckKind.TLS, expiry_warning=9 * DAY))).verdict is Verdict.PASS


async def test_an_expired_certificate_fails_without_verification_too(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    port = await loopback.answer(http(), tls=authority.server(authority.issue(days=-1)))
    seen = await prober.ask(check(port, CheckKind.TLS, verify_tls=False))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_expired")


async def test_the_end_is_judged_by_the_clock_that_was_given(loopback: Loopback, authority: Authority) -> None:
    port = await loopback.answer(http(), tls=authority.server(authority.issue(days=90)))
    prober = Prober(lambda: time.time() + 80 * DAY)
    assert (await prober.ask(check(port, CheckKind.TLS))).evidence["class"] == "tls_expires_soon"


@pytest.mark.parametrize("kind", [CheckKind.TLS, CheckKind.HTTP])
async def test_a_server_without_tls_does_not_complete_the_handshake(
    prober: Prober, loopback: Loopback, kind: CheckKind
) -> None:
    async def say(reader: Any, writer: Any) -> None:
        await reader.read(1)
        writer.write(b"220 mail.test ESMTP ready\r\n" * 20)

    seen = await prober.ask(check(await loopback.serve(say), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "tls_handshake")


@pytest.mark.parametrize("kind", [CheckKind.TLS, CheckKind.HTTP])
async def test_hanging_up_during_the_handshake_is_a_reset(prober: Prober, loopback: Loopback, kind: CheckKind) -> None:
    async def hang_up(reader: Any, _: Any) -> None:
        await reader.read(65536)

    seen = await prober.ask(check(await loopback.serve(hang_up), kind))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "reset")


@pytest.mark.parametrize("kind", [CheckKind.TLS, CheckKind.HTTP])
async def test_a_handshake_that_hangs_times_out(prober: Prober, loopback: Loopback, kind: CheckKind) -> None:
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
    for question in (HttpQuestion(url=f"https://shop.test:{port}/"), TlsQuestion(tls=f"shop.test:{port}")):
        assert (await prober.ask(Check(name="shop", question=question))).verdict is Verdict.PASS
    assert names == ["shop.test", "shop.test"]


async def test_nothing_that_listens_is_refused(prober: Prober) -> None:
    assert (await prober.ask(check(free_port(), CheckKind.TLS))).evidence["class"] == "refused"
