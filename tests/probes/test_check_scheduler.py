"""What the asker itself cannot do is UNKNOWN: it says nothing about the target."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.probes.servers import Loopback, free_port, full_backlog, hang, http
from tests.support.eventually import eventually
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.network import TcpProbe, TlsProbe
from watchdog.probes import Prober
from watchdog.probes.prober import FEWEST, MOST, places

PROBES: dict[type[Probe], Callable[[str], Probe]] = {
    HttpProbe: lambda where: HttpProbe(url=f"http://{where}/"),
    TcpProbe: lambda where: TcpProbe(tcp=where),
    TlsProbe: lambda where: TlsProbe(tls=where),
}
KINDS = list(PROBES)


def check(where: str, kind: type[Probe], timeout: float = 5.0) -> Check:
    return Check(name="shop", probe=PROBES[kind](where), timeout=timeout)


def judged(seen: Observation) -> tuple[Verdict, object]:
    return seen.verdict, seen.evidence.get("class")


@contextmanager
def no_descriptors() -> Generator[None]:
    """No file descriptor is free."""
    lowest_free = os.dup(0)
    os.close(lowest_free)
    with descriptors(lowest_free):
        yield


@contextmanager
def descriptors(limit: int) -> Generator[None]:
    """This process may have so many file descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("kind", KINDS)
async def test_out_of_file_descriptors_is_unknown(prober: Prober, loopback: Loopback, kind: type[Probe]) -> None:
    where = f"127.0.0.1:{await loopback.answer(http())}"
    assert (await prober.ask(check(f"127.0.0.1:{free_port()}", kind))).verdict is Verdict.FAIL
    with no_descriptors():
        seen = await prober.ask(check(where, kind))
    assert judged(seen) == (Verdict.UNKNOWN, "own_descriptors")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_network_without_a_route_is_unknown(prober: Prober, kind: type[Probe]) -> None:
    seen = await prober.ask(check("255.255.255.255:80", kind))  # Linux has no route for TCP to a broadcast address
    assert judged(seen) == (Verdict.UNKNOWN, "own_network")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("error", "verdict", "trouble"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Verdict.FAIL, "dns"),
        (socket.gaierror(socket.EAI_NODATA, "No address associated"), Verdict.FAIL, "dns"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), Verdict.UNKNOWN, "resolver"),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), Verdict.UNKNOWN, "resolver"),
        (OSError(24, "Too many open files"), Verdict.UNKNOWN, "own_descriptors"),
    ],
)
async def test_only_a_name_that_does_not_exist_is_a_failure_of_the_target(
    *, prober: Prober, resolves: Any, kind: type[Probe], error: OSError, verdict: Verdict, trouble: str
) -> None:
    resolves("shop.test", error)
    assert judged(await prober.ask(check("shop.test:80", kind))) == (verdict, trouble)


async def test_a_resolver_that_hangs_is_unknown_within_the_time_limit(prober: Prober, resolves: Any) -> None:
    answered = threading.Event()
    resolves("shop.test", answered.wait)
    seen = await prober.ask(check("shop.test:80", TcpProbe, timeout=0.2))
    answered.set()
    assert judged(seen) == (Verdict.UNKNOWN, "resolver")
    assert seen.seconds < 1.0


async def test_hanging_lookups_take_no_worker_thread_from_others(prober: Prober, resolves: Any) -> None:
    answered = threading.Event()
    resolves("shop.test", answered.wait)
    asks = [asyncio.create_task(prober.ask(check("shop.test:80", TcpProbe, timeout=0.5))) for _ in range(40)]
    await eventually(lambda: sum(thread.name == "watchdog-lookup" for thread in threading.enumerate()) == 16)
    assert await asyncio.to_thread(lambda: "free") == "free"
    assert {(await ask).verdict for ask in asks} == {Verdict.UNKNOWN}
    answered.set()
    await eventually(lambda: not any(thread.name == "watchdog-lookup" for thread in threading.enumerate()))


def test_a_hanging_lookup_does_not_keep_the_process_from_ending() -> None:
    program = """
import asyncio, socket, threading, time
from watchdog.model.observation import Check
from watchdog.model.probe.network import TcpProbe
from watchdog.probes import Prober
socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
check = Check(name="shop", probe=TcpProbe(tcp="shop.test:80"), timeout=0.1)
print(asyncio.run(Prober(time.time).ask(check)).evidence["class"])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert (ran.stdout.strip(), ran.stderr) == ("resolver", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "2852039166", "0xa9fea9fe"]
)
async def test_link_local_targets_are_never_asked(prober: Prober, kind: type[Probe], host: str) -> None:
    seen = await prober.ask(check(f"{host}:80", kind))
    assert judged(seen) == (Verdict.UNKNOWN, "not_asked")
    assert "link-local" in seen.reason
    assert "remote" not in seen.evidence


async def test_a_name_that_points_to_a_link_local_address_is_never_asked(prober: Prober, resolves: Any) -> None:
    resolves("shop.test", "169.254.169.254", "fe80::1%lo")
    assert judged(await prober.ask(check("shop.test:80", HttpProbe))) == (Verdict.UNKNOWN, "not_asked")


@pytest.mark.parametrize("kind", [HttpProbe, TcpProbe])
async def test_addresses_are_tried_in_order_until_one_connects(
    prober: Prober, loopback: Loopback, resolves: Any, kind: type[Probe]
) -> None:
    port = await loopback.answer(http())
    resolves("shop.test", "255.255.255.255", "127.0.0.2", "127.0.0.1")
    seen = await prober.ask(check(f"shop.test:{port}", kind))
    assert (seen.verdict, seen.evidence["remote"]) == (Verdict.PASS, f"127.0.0.1:{port}")


@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_that_hangs_leaves_time_for_the_next(prober: Prober, resolves: Any, kind: type[Probe]) -> None:
    resolves("shop.test", "127.0.0.1", "127.0.0.2")
    with full_backlog() as port:
        seen = await prober.ask(check(f"shop.test:{port}", kind, timeout=1.2))
    assert judged(seen) == (Verdict.FAIL, "timeout")
    assert seen.seconds < 1.15


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("addresses", [("255.255.255.255", "127.0.0.1"), ("127.0.0.1", "255.255.255.255")])
async def test_a_failure_is_not_hidden_by_an_address_without_a_route(
    prober: Prober, resolves: Any, kind: type[Probe], addresses: tuple[str, str]
) -> None:
    resolves("shop.test", *addresses)
    assert judged(await prober.ask(check(f"shop.test:{free_port()}", kind))) == (Verdict.FAIL, "refused")


@pytest.mark.parametrize("target", ["shop", "shop:", ":80", "shop:http", "shop:0", "shop:65536", "shop:-1", "[::1]"])
@pytest.mark.parametrize("kind", [TcpProbe, TlsProbe])
async def test_what_is_no_target_is_not_asked(prober: Prober, target: str, kind: type[Probe]) -> None:
    assert judged(await prober.ask(check(target, kind))) == (Verdict.UNKNOWN, "not_asked")


async def test_a_name_that_is_no_name_is_not_asked(prober: Prober) -> None:
    assert judged(await prober.ask(check(f"{'a' * 70}.test:80", TcpProbe))) == (Verdict.UNKNOWN, "not_asked")


async def test_tcp_passes_where_something_listens(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.serve(hang)
    seen = await prober.ask(check(f"127.0.0.1:{port}", TcpProbe))
    assert (seen.verdict, seen.reason) == (Verdict.PASS, f"127.0.0.1:{port} takes connections")
    assert list(seen.phases) == ["resolve", "connect"]


async def test_tcp_to_a_full_queue_times_out(prober: Prober) -> None:
    with full_backlog() as port:
        assert judged(await prober.ask(check(f"127.0.0.1:{port}", TcpProbe, 0.2))) == (Verdict.FAIL, "timeout")


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelling_an_ask_cancels_it(prober: Prober, loopback: Loopback, kind: type[Probe]) -> None:
    port = await loopback.serve(hang)
    with full_backlog() as full:
        where = f"127.0.0.1:{full if kind is TcpProbe else port}"
        ask = asyncio.create_task(prober.ask(check(where, kind, timeout=60.0)))
        if kind is not TcpProbe:
            await eventually(lambda: loopback.open == 1)
        else:
            await asyncio.wait([ask], timeout=0.05)
        ask.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ask
    await eventually(lambda: loopback.open == 0)


async def test_closing_ends_what_is_under_way_as_unknown(prober: Prober, loopback: Loopback) -> None:
    where = f"127.0.0.1:{await loopback.serve(hang)}"
    ask = asyncio.create_task(prober.ask(check(where, HttpProbe, timeout=60.0)))
    await eventually(lambda: loopback.open == 1)
    await prober.close()
    assert judged(await ask) == (Verdict.UNKNOWN, "not_asked")
    assert judged(await prober.ask(check(where, HttpProbe))) == (Verdict.UNKNOWN, "not_asked")


@pytest.mark.parametrize(("limit", "asks"), [(100, FEWEST), (1024, 256), (5000, MOST)])
def test_the_more_descriptors_there_are_the_more_is_asked_at_once(limit: int, asks: int) -> None:
    with descriptors(limit):
        assert places() == asks


async def test_connections_are_bounded_and_who_had_to_wait_is_unknown(loopback: Loopback) -> None:
    with descriptors(4 * FEWEST):
        prober = Prober(time.time)
    where = f"127.0.0.1:{await loopback.serve(hang)}"
    asks = [asyncio.create_task(prober.ask(check(where, HttpProbe, 3.0))) for _ in range(FEWEST + 20)]
    await eventually(lambda: loopback.open == FEWEST)
    seen = await asyncio.gather(*asks)
    assert sum(judged(one) == (Verdict.FAIL, "timeout") for one in seen) == FEWEST
    assert sum(judged(one) == (Verdict.UNKNOWN, "own_delay") for one in seen) == 20
    await prober.close()


async def test_a_daemon_that_stood_still_does_not_blame_the_target(prober: Prober, loopback: Loopback) -> None:
    where = f"127.0.0.1:{await loopback.serve(hang)}"
    ask = asyncio.create_task(prober.ask(check(where, HttpProbe, timeout=0.2)))
    await eventually(lambda: loopback.open == 1)
    threading.Event().wait(1.5)  # the fault itself: the event loop is held up
    assert judged(await ask) == (Verdict.UNKNOWN, "own_delay")


def test_the_door_opens_without_the_heavy_libraries() -> None:
    libraries = "('httpx', 'httpcore', 'aiohttp', 'anyio', 'cryptography', 'dns')"
    heavy = f"import sys, watchdog.probes; print([name for name in {libraries} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
