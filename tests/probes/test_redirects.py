from __future__ import annotations

from typing import Any

import pytest

from tests.probes.authority import Authority
from tests.probes.servers import Loopback, http
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.probes import Prober


def check(port: int, redirects: int = 3, **rest: Any) -> Check:
    target = f"http://127.0.0.1:{port}/"
    return Check(name="shop", probe=HttpProbe(url=target, redirects=redirects, **rest), timeout=5.0)


async def test_redirects_on_the_same_host_are_followed(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(302, location="/a?x=1"), http(307, location="b"), http(body=b"there"))
    seen = await prober.ask(check(port, body_matches="there", headers={"X-Key": "k"}))
    assert (seen.verdict, seen.evidence["redirects"]) == (Verdict.PASS, 2)
    assert [request.split()[1] for request in loopback.requests] == [b"/", b"/a?x=1", b"/b"]
    assert all(b"X-Key: k" in request for request in loopback.requests)


async def test_a_redirect_is_an_unexpected_status_unless_redirects_are_allowed(
    prober: Prober, loopback: Loopback
) -> None:
    port = await loopback.answer(http(302, location="/a"))
    seen = await prober.ask(check(port, redirects=0))
    assert (seen.verdict, seen.evidence["class"], seen.evidence["http_status"]) == (Verdict.FAIL, "status", 302)


async def test_a_redirect_that_is_expected_is_not_followed(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(302, location="/login"))
    seen = await prober.ask(check(port, status=((302, 302),), headers_match={"Location": "^/login$"}))
    assert seen.verdict is Verdict.PASS


@pytest.mark.parametrize(("status", "method"), [(303, b"GET"), (302, b"GET"), (307, b"POST"), (308, b"POST")])
async def test_a_post_is_repeated_only_where_http_says_so(
    prober: Prober, loopback: Loopback, status: int, method: bytes
) -> None:
    port = await loopback.answer(http(status, location="/done"), http())
    assert (await prober.ask(check(port, method="POST", body="once"))).verdict is Verdict.PASS
    assert loopback.requests[1].startswith(method)
    assert loopback.requests[1].endswith(b"once") == (method == b"POST")
    assert (b"ontent-" in loopback.requests[1]) == (method == b"POST")


async def test_a_redirect_loop_is_called_a_loop(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(302, location="/a"), http(302, location="/"))
    seen = await prober.ask(check(port, redirects=9))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect_loop")
    assert seen.reason == "a redirect loop: / comes back"
    assert len(loopback.requests) == 2


async def test_a_loop_is_seen_through_credentials_in_the_url(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(302, location="/a"), http(302, location="/"))
    target = f"http://root:secret@127.0.0.1:{port}/"
    seen = await prober.ask(Check(name="shop", probe=HttpProbe(url=target, redirects=9)))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect_loop")
    assert len(loopback.requests) == 2
    assert all(b"Authorization: Basic " in request for request in loopback.requests)
    assert "secret" not in repr(seen)


async def test_a_chain_of_redirects_is_followed_only_so_far(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(*[http(302, location=f"/{number}") for number in range(20)])
    seen = await prober.ask(check(port))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect_loop")
    assert seen.reason == "more than 3 redirects"
    assert len(loopback.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://other.test/",
        "//other.test/",
        "http://127.0.0.1:1/",
        "http://127.0.0.1@other.test/",
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "http://[::1/",
        "http://127.0.0.1.other.test/",
        "javascript:alert(1)",
    ],
)
async def test_a_redirect_that_leads_away_is_not_followed(prober: Prober, loopback: Loopback, location: str) -> None:
    port = await loopback.answer(http(302, location=location))
    seen = await prober.ask(check(port))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect")
    assert len(loopback.requests) == 1


async def test_a_redirect_over_to_tls_is_followed_and_never_back(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    tls = authority.server(authority.issue())
    secure = await loopback.answer(http(body=b"secure"), http(302, location="http://127.0.0.1/"), tls=tls)
    port = await loopback.answer(http(301, location=f"https://127.0.0.1:{secure}/"))
    assert (await prober.ask(check(port, body_matches="secure"))).verdict is Verdict.PASS
    seen = await prober.ask(check(port))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect")
    assert seen.reason == "a redirect leads away to http://127.0.0.1, which is not followed"


async def test_an_allowed_host_is_followed_without_what_the_check_says_to_its_own(
    prober: Prober, loopback: Loopback, resolves: Any
) -> None:
    resolves("login.other.test", "127.0.0.1")
    there = await loopback.answer(http(body=b"sign in"))
    port = await loopback.answer(http(302, location=f"http://login.other.test:{there}/"))
    headers = {"Authorization": "Bearer s3cret", "X-Key": "k"}
    wanted = check(port, headers=headers, body_matches="sign in", redirect_hosts=("*.other.test",))
    assert (await prober.ask(wanted)).verdict is Verdict.PASS
    assert f"\r\nHost: login.other.test:{there}\r\n".encode() in loopback.requests[1]
    assert b"s3cret" in loopback.requests[0]
    assert not any(secret in loopback.requests[1] for secret in (b"s3cret", b"X-Key"))


@pytest.mark.parametrize("host", ["other.test", "another.test", "login.other.test.evil.test"])
async def test_only_the_hosts_of_the_list_are_followed(prober: Prober, loopback: Loopback, host: str) -> None:
    port = await loopback.answer(http(302, location=f"http://{host}/"))
    seen = await prober.ask(check(port, redirect_hosts=("*.other.test", "ther.test")))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect")
    assert seen.reason == f"a redirect leads away to http://{host}, which is not followed"


async def test_an_allowed_host_that_is_link_local_is_not_asked(
    prober: Prober, loopback: Loopback, resolves: Any
) -> None:
    resolves("meta.other.test", "169.254.169.254")
    port = await loopback.answer(http(302, location="http://meta.other.test/"))
    seen = await prober.ask(check(port, redirect_hosts=("meta.other.test",)))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.UNKNOWN, "not_asked")


async def test_an_allowed_host_is_not_followed_back_from_tls(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    tls = authority.server(authority.issue())
    secure = await loopback.answer(http(302, location="http://plain.other.test/"), tls=tls)
    port = await loopback.answer(http(301, location=f"https://127.0.0.1:{secure}/"))
    seen = await prober.ask(check(port, redirect_hosts=("plain.other.test",)))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "redirect")
