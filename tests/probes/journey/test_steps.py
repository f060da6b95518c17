"""Captures, templates, redirects, retries, clean-up and time, against servers on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.probes.journey.conftest import JourneyOf
from tests.probes.servers import Loopback, hang, http, read_request, reset
from watchdog.model.observation import Observation, Verdict
from watchdog.probes import Prober

PAGE = b"""<html><form><input name=csrf value='t0k&amp;en'><input name=empty value=''></form>
<p class=a>First <b>bold</b></p><a class="x y" href='/next?a=1&amp;b=2'>n</a></html>"""


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    made = Loopback()
    yield made
    await made.close()


def steps(port: int, *tables: str, journey: str = "") -> str:
    head = f'[[journey]]\nname = "j"\nbase = "http://127.0.0.1:{port}"\ntimeout = "5s"\n{journey}\n'
    return head + "".join(f"[[journey.step]]\n{table}\n" for table in tables)


ONE = 'name = "one"\nurl = "/one"\n'
TWO = 'name = "two"\nurl = "/two"\n'


async def captured(prober: Prober, journey_of: JourneyOf, loopback: Loopback, answer: bytes, where: str) -> str:
    """What is captured, as the next request sends it; or why nothing was."""
    loopback.requests.clear()
    port = await loopback.answer(answer, http())
    seen = await prober.ask(
        journey_of(steps(port, f"{ONE}capture.v = {where}", TWO + 'headers = { X-Got = "{{ v }}" }'))
    )
    if seen.verdict is not Verdict.PASS:
        return seen.reason
    assert seen.steps[0].captured == ("v",)
    (sent,) = [line for line in loopback.requests[1].decode().split("\r\n") if line.startswith("X-Got: ")]
    return sent.removeprefix("X-Got: ")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("{ html = 'input[name=csrf]', attribute = 'value' }", "t0k&en"),
        ("{ html = 'p.a' }", "First bold"),
        ("{ html = 'a.x', attribute = 'class' }", "x y"),
        ("{ html = 'a', attribute = 'href' }", "/next?a=1&b=2"),
        ("{ regex = 'name=(c\\w+)' }", "csrf"),
        ("{ regex = 'F\\w+' }", "First"),
        ("{ header = 'x-id' }", "17"),
        ("{ cookie = 'sid' }", "s1=2"),
        ("{ html = 'input[name=nothing]' }", "v captures nothing: the page has nothing like input[name=nothing]"),
        ("{ html = 'p', attribute = 'id' }", "v captures nothing: p has no attribute id"),
        (
            "{ html = 'input[name=empty]', attribute = 'value' }",
            "v captures nothing: what input[name=empty] finds is empty",
        ),
        ("{ header = 'X-No' }", "v captures nothing: the answer has no header X-No"),
        ("{ cookie = 'no' }", "v captures nothing: no cookie no is set"),
        ("{ regex = 'zzz' }", "v captures nothing: the body has nothing like 'zzz'"),
        ("{ json = '$.a' }", "v captures nothing: the body is no JSON"),
    ],
)
async def test_a_value_is_captured_from_a_page_or_the_step_fails_and_says_why(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback, where: str, found: str
) -> None:
    page = http(x_id="17", set_cookie="sid=s1=2; HttpOnly", body=PAGE)
    told = await captured(prober, journey_of, loopback, page, where)
    assert told == (found if "captures nothing" not in found else f"step one fails: {found}")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("$.token", "t"),
        ("$.list[1].n", "2"),
        ("$.yes", "true"),
        ("$.none", "v captures nothing: $.none is null"),
        ("$.list", "v captures nothing: $.list is a list"),
        ("$.list[0]", "v captures nothing: $.list[0] is an object"),
        ("$.nothing", "v captures nothing: the JSON has nothing at $.nothing"),
    ],
)
async def test_a_value_is_captured_from_json(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback, where: str, found: str
) -> None:
    document = {"token": "t", "list": [{"n": 1}, {"n": 2}], "yes": True, "none": None}
    told = await captured(
        prober, journey_of, loopback, http(body=json.dumps(document).encode()), f"{{ json = '{where}' }}"
    )
    assert told == (found if "captures nothing" not in found else f"step one fails: {found}")


async def test_a_captured_value_cannot_smuggle_a_header(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    body = json.dumps({"v": "a\r\nX-Evil: 1"}).encode()
    told = await captured(prober, journey_of, loopback, http(body=body), "{ json = '$.v' }")
    assert told == "step two fails: the header X-Got cannot be sent: a value in it is no printable ASCII"
    assert len(loopback.requests) == 1


async def test_an_answer_cannot_lead_to_a_host_that_the_journey_does_not_name(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    body = json.dumps({"next": "http://localhost:1/x"}).encode()
    port = await loopback.answer(http(body=body))
    seen = await prober.ask(
        journey_of(steps(port, ONE + "capture.v = { json = '$.next' }", 'name="two"\nurl="{{ v }}"'))
    )
    assert seen.reason == "step two fails: http://localhost:1 is no host that the journey names: it is not asked"
    away = await loopback.answer(http(status=302, location="http://localhost:1/"))
    seen = await prober.ask(journey_of(steps(away, ONE)))
    assert seen.reason == "step one fails: a redirect leads away to http://localhost:1, which is not followed"


async def test_a_redirect_back_to_the_same_page_with_a_cookie_is_no_loop_and_one_without_end_is_bounded(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    port = await loopback.answer(http(status=302, location="/one", set_cookie="seen=yes"), http(body=b"in"))
    seen = await prober.ask(journey_of(steps(port, ONE)))
    assert seen.verdict is Verdict.PASS
    assert b"Cookie: seen=yes" in loopback.requests[1]
    for_ever = await loopback.answer(http(status=302, location="/one"))
    seen = await prober.ask(journey_of(steps(for_ever, ONE)))
    assert seen.reason == "step one fails: more than 10 redirects"
    assert len(seen.steps[0].exchanges) == 11


async def test_a_browser_says_where_it_comes_from(prober: Prober, journey_of: JourneyOf, loopback: Loopback) -> None:
    port = await loopback.answer(http())
    await prober.ask(journey_of(steps(port, ONE, TWO + 'body = "x"')))
    first, second = (request.decode().lower() for request in loopback.requests)
    assert "referer:" not in first
    assert "origin:" not in first
    assert f"referer: http://127.0.0.1:{port}/one\r\n" in second
    assert f"origin: http://127.0.0.1:{port}\r\n" in second
    assert second.startswith("post /two")


async def test_a_step_is_tried_again_and_says_how_often(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    port = await loopback.answer(http(status=503), http(status=503), http())
    seen = await prober.ask(journey_of(steps(port, ONE + 'retry = { attempts = 3, wait = "1ms" }')))
    assert (seen.verdict, seen.steps[0].attempts) == (Verdict.PASS, 3)
    assert [exchange.status for exchange in seen.steps[0].exchanges] == [503, 503, 200]
    down = await loopback.answer(http(status=503))
    seen = await prober.ask(journey_of(steps(down, ONE + 'retry = { attempts = 2, wait = "1ms" }', TWO)))
    assert (seen.verdict, seen.evidence["class"], seen.steps[0].attempts) == (Verdict.FAIL, "status", 2)
    assert (seen.steps[1].verdict, seen.steps[1].reason) == (Verdict.UNKNOWN, "not reached")


async def test_what_cleans_up_runs_after_a_failure_and_the_failure_stays_the_first(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    port = await loopback.answer(http(status=500))
    clean = 'name = "clean"\nurl = "/clean"\nalways_run = true'
    seen = await prober.ask(journey_of(steps(port, ONE, TWO, clean)))
    assert [step.verdict.value for step in seen.steps] == ["fail", "unknown", "fail"]
    assert seen.evidence["step"] == "one"
    assert seen.reason.startswith("step one fails: ")


async def test_a_clean_up_whose_value_was_never_captured_says_so(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    port = await loopback.answer(http(status=500))
    clean = 'name = "clean"\nurl = "/clean/{{ id }}"\nalways_run = true'
    seen = await prober.ask(journey_of(steps(port, ONE + "capture.id = { json = '$.id' }", clean)))
    assert seen.steps[1].reason == "there is no value for {{ id }}: its step captured nothing"
    assert seen.reason.startswith("step one fails: ")
    assert len(loopback.requests) == 1


async def test_a_step_that_hangs_is_named_and_clean_up_has_time_left(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if b"/one" in request:
            await hang(reader, writer)
        writer.write(http())

    port = await loopback.serve(slow)
    clean = 'name = "clean"\nurl = "/clean"\nalways_run = true'
    text = steps(port, ONE, clean).replace('timeout = "5s"', 'timeout = "3s"')
    seen = await prober.ask(journey_of(text))
    assert seen.reason == f"step one fails: 127.0.0.1:{port} did not answer before the journey's 3 s were over"
    assert (seen.evidence["class"], [step.verdict.value for step in seen.steps]) == ("timeout", ["fail", "pass"])
    assert seen.seconds < 3.0


async def test_what_the_asker_cannot_do_is_unknown(prober: Prober, journey_of: JourneyOf) -> None:
    seen = await prober.ask(
        journey_of(
            steps(1, ONE).replace("127.0.0.1:1", "169.254.1.1"),
        )
    )
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.reason.startswith("step one could not be asked: ")


async def test_a_connection_that_breaks_fails_its_step(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        reset(writer)

    port = await loopback.serve(break_off)
    seen = await prober.ask(journey_of(steps(port, ONE)))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.FAIL, "reset")
    assert seen.steps[0].exchanges[0].status is None


async def test_a_run_begins_without_the_cookies_of_the_last_one(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    port = await loopback.answer(http(set_cookie="sid=1"))
    journey = journey_of(steps(port, ONE, TWO))
    for _ in range(2):
        await prober.ask(journey)
    assert ["Cookie: sid=1" in request.decode() for request in loopback.requests] == [False, True, False, True]


async def test_what_is_redacted_is_masked_in_every_spelling(
    prober: Prober, journey_of: JourneyOf, loopback: Loopback
) -> None:
    body = json.dumps({"pin": "12/34 ä", "other": "x"}).encode()
    port = await loopback.answer(http(body=body), http(status=400, body=b'pin=12%2F34+%C3%A4 "12/34 \\u00e4"'))
    text = steps(
        port, ONE + "capture.v = { json = '$.pin' }", TWO + 'form = { pin = "{{ v }}" }', journey='redact = ["v"]'
    )
    seen = await prober.ask(journey_of(text))
    assert seen.verdict is Verdict.FAIL
    told = repr(seen)
    assert not any(spelling in told for spelling in ("12/34", "12%2F34", "\\u00e4", "12\\/34"))
    assert seen.steps[0].exchanges[0].answer == '{"pin": "***", "other": "x"}'


async def test_what_is_kept_of_an_answer_is_bounded(prober: Prober, journey_of: JourneyOf, loopback: Loopback) -> None:
    many = {f"x_{number}": "v" * 3000 for number in range(40)}
    port = await loopback.answer(http(status=500, body=b"<p>" + b"a" * 3_000_000, **many))
    seen: Observation = await prober.ask(journey_of(steps(port, ONE)))
    assert seen.verdict is Verdict.FAIL
    assert len(repr(seen)) < 20_000
