"""No page, log or pattern makes the daemon stand still, or goes on for longer than its check may take."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.probes.inside import Stage
from tests.probes.name_server import NameServer, zone
from tests.probes.servers import Loopback, http
from tests.support.eventually import eventually
from watchdog.model.inside import Ended
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.inside import CommandProbe, ExecProbe, LogsProbe
from watchdog.model.probe.network import DnsProbe, DnsType, TcpProbe
from watchdog.probes import Prober
from watchdog.probes.evaluation import Evaluation, Unjudged
from watchdog.probes.judging import body_wrong

for module in ("policy.json_paths", "probes.dns", "probes.http"):
    import_module(f"watchdog.{module}")  # what a first question imports is not measured here

EVIL = "^(a+)+$"
BAIT = "a" * 34 + "!"
BLIND = r"^(?=(a+)+$)"
"""Evil, and in need of an engine that backtracks."""
LIMIT = 64 * 1024 * 1024
"""Bytes that the configuration may have read of a body."""
LAG = 0.1
"""Seconds of computing between two turns of the loop."""


@pytest.fixture
async def evaluation() -> AsyncIterator[Evaluation]:
    made = Evaluation()
    yield made
    await made.close()


async def unhurried(work: Awaitable[Any]) -> Any:
    """What comes of it, once it is sure that the loop was never held for long."""
    task, worst = asyncio.ensure_future(work), 0.0
    while not task.done():
        began = time.thread_time()
        await asyncio.wait([task], timeout=0.002)
        worst = max(worst, time.thread_time() - began)
    assert worst < LAG
    return task.result()


async def ask(prober: Prober, probe: Probe, limit: float = 5.0) -> Observation:
    seen: Observation = await unhurried(prober.ask(Check(name="c", probe=probe, timeout=limit)))
    return seen


def page(port: int, **rest: Any) -> HttpProbe:
    return HttpProbe(url=f"http://127.0.0.1:{port}/", max_bytes=LIMIT, **rest)


@pytest.mark.parametrize(
    "rest",
    [
        {"body_matches": EVIL},
        {"body_matches": r"(?i)^(\w+\s?)*$"},
        {"headers_match": {"x-bait": EVIL}},
    ],
)
async def test_a_page_that_would_take_for_ever_is_judged_at_once(
    prober: Prober, loopback: Loopback, rest: dict[str, Any]
) -> None:
    port = await loopback.answer(http(body=BAIT.encode() * 100, x_bait=BAIT * 100))
    assert (await ask(prober, page(port, **rest))).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "expectation",
    [
        f"$.bait matches /{EVIL}/",
        f"$[?match(@, '{EVIL}')]",
        f"$[?search(@, '{EVIL}')]",
        "$[?match(@, $.pattern)]",
        "$..*..*..*..nowhere",
        "$[?@ == $..*..*..nowhere]",
    ],
)
async def test_so_is_a_document(prober: Prober, loopback: Loopback, expectation: str) -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    port = await loopback.answer(http(body=json.dumps({"bait": BAIT * 10, "pattern": EVIL, "deep": deep}).encode()))
    seen = await ask(prober, page(port, body_json=(expectation,)), limit=2.0)
    assert seen.verdict is not Verdict.PASS, seen


@pytest.mark.parametrize("body", [b"[" + b"1," * (LIMIT // 2 - 1) + b"1]", b"\xff" * LIMIT, b"a" * LIMIT])
async def test_a_body_of_the_largest_size_does_not_hold_the_loop(evaluation: Evaluation, body: bytes) -> None:
    async def judged() -> Any:
        return await evaluation.judge(
            "body_wrong", body, at_once=False, seconds=60.0, contains=None, matches=r"^\w+$", expected=[]
        )

    assert await unhurried(judged()) == (None if body[:1] == b"a" else {"missing": r"^\w+$"})


async def test_what_is_judged_elsewhere_is_judged_alike(evaluation: Evaluation) -> None:
    arguments = {"contains": None, "matches": None, "expected": ["$.a == 1", "$.b"]}
    for body in (b'{"a": 1, "b": 2}', b'{"a": 2}', b'{"a": 1}', b"{"):
        elsewhere = await evaluation.judge("body_wrong", body, at_once=False, seconds=20.0, **arguments)
        assert elsewhere == body_wrong(body, expected=("$.a == 1", "$.b"))


async def test_other_words_are_judged_in_time_too(prober: Prober, loopback: Loopback) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(BAIT.encode() * 100)
        await writer.drain()

    port = await loopback.serve(speak)
    assert (await ask(prober, TcpProbe(tcp=f"127.0.0.1:{port}", expect=EVIL))).verdict is Verdict.FAIL
    named = NameServer(zone(f'shop.test. 60 IN TXT "{BAIT}"'))
    where = await named.start()
    try:
        dns = DnsProbe(dns="shop.test", server=where, type=DnsType.TXT, answers_match=EVIL)
        assert (await ask(prober, dns)).verdict is Verdict.FAIL
    finally:
        await named.close()
    says = ("echo", BAIT * 100)
    for run in (
        CommandProbe(command=says, output_matches=EVIL),
        CommandProbe(command=says, output=f"matches /{EVIL}/"),
    ):
        assert (await ask(prober, run)).verdict is Verdict.FAIL


async def test_a_log_and_a_command_inside_are_judged_in_time_too() -> None:
    stage = Stage()
    await stage.run()
    assert stage.container is not None
    try:
        run = ExecProbe(exec=("say",), output_matches=EVIL)
        stage.engine.inside.programs[run.exec] = Ended(exit_code=0, output=BAIT.encode() * 100)
        assert (await unhurried(stage.ask(run))).verdict is Verdict.FAIL
        logs = LogsProbe(logs=EVIL, max_per_minute=0)
        assert (await stage.ask(logs)).verdict is Verdict.PASS
        for line in (BAIT * 100, "a" * 100):
            stage.engine.inside.say(stage.container.id, line)

        async def heard() -> Observation | None:
            found: Observation = await unhurried(stage.ask(logs))
            return found if found.evidence["per_minute"] else None

        found = await eventually(heard)
        assert found is not None
        assert found.evidence["per_minute"] == 1
    finally:
        await stage.prober.close()


async def test_what_backtracks_is_ended_at_its_deadline_and_nobody_is_blamed(
    prober: Prober, loopback: Loopback
) -> None:
    port = await loopback.answer(http(body=BAIT.encode()))
    seen = await ask(prober, page(port, body_matches=BLIND), limit=1.0)
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.UNKNOWN, "not_asked")
    assert seen.reason.startswith("the answer was not judged: that takes longer than ")
    fine = await loopback.answer(http(body=b"aaa"))
    assert (await ask(prober, page(fine, body_matches=BLIND))).verdict is Verdict.PASS


async def test_lines_that_cannot_be_searched_in_time_are_left_out_and_that_is_said() -> None:
    stage = Stage()
    await stage.run()
    assert stage.container is not None
    logs = LogsProbe(logs=BLIND, max_per_minute=5)
    try:
        await stage.ask(logs)
        stage.engine.inside.say(stage.container.id, BAIT)

        async def left_out() -> Observation | None:
            found: Observation = await unhurried(stage.ask(logs))
            return found if "at least 0 lines" in found.reason else None

        assert await eventually(left_out, timeout=20.0) is not None
    finally:
        await stage.prober.close()


async def test_a_process_that_was_killed_is_replaced(evaluation: Evaluation) -> None:
    async def found() -> Any:
        return await evaluation.judge("found", b"ok", at_once=False, seconds=20.0, pattern="ok")

    assert await found() is True
    (process,) = evaluation._idle  # noqa: SLF001 - nobody else knows it  # pyright: ignore[reportPrivateUsage]
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert await found() is True


FORBIDDEN = """
import os, resource
def forbidden(*_):
    raise PermissionError(1, "Operation not permitted")
os.nice = resource.setrlimit = forbidden
from watchdog.probes.evaluator import main
main()
"""


async def test_a_sandbox_that_forbids_limits_forbids_no_judgement(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the shipped unit's filter of system calls does."""
    monkeypatch.setattr("watchdog.probes.evaluation.COMMAND", (sys.executable, "-I", "-c", FORBIDDEN))
    assert await evaluation.judge("found", b"ok", at_once=False, seconds=20.0, pattern="ok") is True


async def test_what_goes_wrong_there_is_told(evaluation: Evaluation) -> None:
    with pytest.raises(Unjudged, match="not judged: ValueError: missing"):
        await evaluation.judge("found", b"ok", at_once=False, seconds=20.0, pattern="(")


async def test_whoever_waits_no_longer_leaves_no_process(evaluation: Evaluation) -> None:
    async def judged() -> Any:
        return await evaluation.judge("found", BAIT.encode(), at_once=False, seconds=60.0, pattern=BLIND)

    judging = asyncio.create_task(judged())
    mine = await eventually(_evaluators)
    judging.cancel()
    await asyncio.gather(judging, return_exceptions=True)
    await eventually(lambda: not set(mine) & set(_evaluators()))


def _evaluators() -> list[int]:
    """Those of this process."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if b"watchdog.probes.evaluator" in command and int(parent) == os.getpid():
                found.append(int(process.name))
    return found
