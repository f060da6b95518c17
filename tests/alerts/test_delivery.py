"""Alerts on their way to real receivers: files, an HTTP server, a program."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.support.alert_values import alert
from tests.support.eventually import eventually
from watchdog.alerts import Alerter
from watchdog.alerts import files as alert_files
from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.courier import Patience
from watchdog.model.record import Severity
from watchdog.model.settings import AlertSettings

HASTE = Patience(tries=3, within=5.0, first=0.01, longest=0.02)
TOKEN = "t0p-s3cret"  # noqa: S105 - a token that opens nothing


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@asynccontextmanager
async def running(settings: AlertSettings, directory: Path, counts: AlertCounts) -> AsyncGenerator[Alerter]:
    alerter = Alerter(settings, directory, counts, patience=HASTE)
    task = asyncio.create_task(alerter.run())
    try:
        yield alerter
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass
class Hook:
    """A receiver of webhooks that answers as it is told: the next of `answers`, then 204; 0 never answers."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    always: int = 204
    heads: list[str] = field(default_factory=list[str])
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-l"))
            self.heads.append(head)
            self.bodies.append(json.loads(await reader.readexactly(length)))
            status = self.answers.pop(0) if self.answers else self.always
            if status == 0:
                await reader.read()
            else:
                location = f"Location: {self.url}elsewhere\r\n" if 300 <= status < 400 else ""
                writer.write(f"HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\n\r\n".encode())
        finally:
            writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook/path-s3cret/"
    async with server:
        yield hook


def read_critical(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "critical-failures.json").read_text())


def sizes_of(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in directory.iterdir()}


async def test_a_critical_alert_is_open_until_it_is_resolved(tmp_path: Path) -> None:
    directory, counts = tmp_path / "alerts", AlertCounts()
    async with running(AlertSettings(), directory, counts) as alerter:
        alerter.send(alert(1))
        alerter.send(alert(2, Severity.WARNING))
        await eventually(lambda: counts.sent["files"] == 2)
        assert [one["key"] for one in read_critical(directory)["open"]] == ["incident-1"]
        alerter.send(alert(1, resolved=True))
        await eventually(lambda: counts.sent["files"] == 3)
    critical = read_critical(directory)
    assert critical["open"] == []
    assert [one["state"] for one in critical["recent"]] == ["firing", "resolved"]
    lines = [json.loads(line) for line in (directory / "alerts.jsonl").read_text().splitlines()]
    assert [line["key"] for line in lines] == ["incident-1", "incident-2", "incident-1"]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


async def test_what_is_critical_stays_open_over_a_restart(tmp_path: Path) -> None:
    for number in (1, 2):
        counts = AlertCounts()
        async with running(AlertSettings(), tmp_path, counts) as alerter:
            alerter.send(alert(number))
            await eventually(lambda counts=counts: counts.sent["files"] == 1)
    assert [one["key"] for one in read_critical(tmp_path)["open"]] == ["incident-1", "incident-2"]


@pytest.mark.parametrize("damaged", ["{", "[]", '{"open": 3}', '{"open": [{}], "recent": []}', '{"open": []}'])
async def test_a_damaged_file_is_written_anew(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "critical-failures.json").write_text(damaged)
    counts = AlertCounts()
    async with running(AlertSettings(), tmp_path, counts) as alerter:
        alerter.send(alert(1))
        await eventually(lambda: counts.sent["files"] == 1)
    assert len(read_critical(tmp_path)["open"]) == 1


async def test_the_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_files, "ROTATE_AT", 2000)
    counts = AlertCounts()
    async with running(AlertSettings(), tmp_path, counts) as alerter:
        for number in range(150):
            alerter.send(alert(number))
        await eventually(lambda: counts.sent["files"] == 150, 30)
    assert len(read_critical(tmp_path)["recent"]) == 100
    sizes = sizes_of(tmp_path)
    assert set(sizes) == {"alerts.jsonl", "alerts.jsonl.1", "critical-failures.json"}
    assert max(size for name, size in sizes.items() if name.startswith("alerts")) <= 2000


async def test_a_webhook_gets_the_alert_its_token_and_a_key_for_retries(tmp_path: Path, hook: Hook) -> None:
    hook.answers, counts = [503, 429], AlertCounts()
    async with running(AlertSettings(webhook=hook.url, webhook_token=TOKEN), tmp_path, counts) as alerter:
        alerter.send(alert(7))
        await eventually(lambda: counts.sent["webhook"] == 1)
    assert (counts.failed["webhook"], len(hook.heads)) == (2, 3)
    assert all("idempotency-key: incident-7:firing" in head.lower() for head in hook.heads)
    assert all(f"authorization: bearer {TOKEN}" in head.lower() for head in hook.heads)
    assert hook.bodies[0] == {
        "key": "incident-7",
        "state": "firing",
        "severity": "critical",
        "subject": "shop/webui",
        "summary": "shop/webui is missing since 22:13.",
        "at": "2023-11-14T22:13:20.000Z",
        "incident": 7,
        "command": "watchdog show 7",
    }


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404])
async def test_a_refusal_is_given_up_at_once_and_redirects_are_not_followed(
    tmp_path: Path, hook: Hook, status: int
) -> None:
    hook.answers, counts = [status], AlertCounts()
    async with running(AlertSettings(webhook=hook.url, webhook_token=TOKEN), tmp_path, counts) as alerter:
        alerter.send(alert(1))
        alerter.send(alert(2))
        await eventually(lambda: counts.sent["webhook"] == 1)
    assert [body["incident"] for body in hook.bodies] == [1, 2]
    assert counts.dropped["webhook"] == 1


async def test_a_resolution_outlives_a_receiver_that_is_down_for_all_tries(tmp_path: Path, hook: Hook) -> None:
    hook.always, counts = 503, AlertCounts()
    async with running(AlertSettings(webhook=hook.url), tmp_path, counts) as alerter:
        alerter.send(alert(1))
        alerter.send(alert(1, resolved=True))
        await eventually(lambda: counts.failed["webhook"] > 3 * HASTE.tries)
        hook.always = 204
        await eventually(lambda: counts.sent["webhook"] == 1)
    assert hook.bodies[-1]["state"] == "resolved"
    assert counts.dropped["webhook"] == 1


async def test_a_receiver_that_hangs_hurts_no_other(tmp_path: Path, hook: Hook) -> None:
    hook.always, counts = 0, AlertCounts()
    settings = AlertSettings(webhook=hook.url, command=("cat",), timeout=0.2)
    async with running(settings, tmp_path, counts) as alerter:
        for number in range(3000):
            alerter.send(alert(number, Severity.INFO))
        alerter.send(alert(5000))
        await eventually(lambda: counts.sent["files"] >= 100)
        await eventually(lambda: counts.sent["command"] >= 1)
        await eventually(lambda: counts.failed["webhook"] >= 1)
    assert counts.dropped["webhook"] >= 1999


async def test_no_secret_is_logged(tmp_path: Path, hook: Hook) -> None:
    hook.answers, counts = [503, 500, 404], AlertCounts()
    with structlog.testing.capture_logs() as logs:
        async with running(AlertSettings(webhook=hook.url, webhook_token=TOKEN), tmp_path, counts) as alerter:
            alerter.send(alert(1))
            await eventually(lambda: counts.dropped["webhook"] == 1)
    assert "127.0.0.1 answered 503" in str(logs)
    assert "s3cret" not in str(logs)


async def test_a_program_gets_the_alert_without_the_daemons_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_ALERT__WEBHOOK_TOKEN", TOKEN)
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    counts, got = AlertCounts(), tmp_path / "got"
    command = ("sh", "-c", f"cat > {got}; env >> {got}")
    async with running(AlertSettings(command=command), tmp_path, counts) as alerter:
        alerter.send(alert(3))
        await eventually(lambda: counts.sent["command"] == 1)
    first, _, environment = got.read_text().partition("\n")
    assert json.loads(first)["incident"] == 3
    assert "PATH=" in environment
    assert TOKEN not in environment
    assert "NOTIFY_SOCKET" not in environment


@pytest.mark.parametrize("command", [("false",), ("/no/such/program",)])
async def test_a_program_that_fails_is_tried_again_then_given_up(tmp_path: Path, command: tuple[str, ...]) -> None:
    counts = AlertCounts()
    async with running(AlertSettings(command=command), tmp_path, counts) as alerter:
        alerter.send(alert(1))
        await eventually(lambda: counts.dropped["command"] == 1)
    assert (counts.failed["command"], counts.sent["command"]) == (HASTE.tries, 0)


async def test_a_program_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    counts, pids = AlertCounts(), tmp_path / "pids"
    command = ("sh", "-c", f"sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; wait")
    async with running(AlertSettings(command=command, timeout=0.3), tmp_path, counts) as alerter:
        alerter.send(alert(1))
        await eventually(lambda: counts.dropped["command"] == 1)
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == 2 * HASTE.tries
    await eventually(lambda: not any(_runs(pid) for pid in started))


def _runs(pid: int) -> bool:
    """Neither gone nor a zombie that only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_new_settings_take_what_waits_along(tmp_path: Path, hook: Hook) -> None:
    counts = AlertCounts()
    async with running(AlertSettings(webhook="http://127.0.0.1:1/"), tmp_path, counts) as alerter:
        alerter.send(alert(1, resolved=True))
        await eventually(lambda: counts.failed["webhook"] >= 1)
        alerter.reconfigure(AlertSettings(webhook=hook.url))
        await eventually(lambda: counts.sent["webhook"] == 1)
        alerter.reconfigure(AlertSettings())
        alerter.send(alert(2))
        await eventually(lambda: counts.sent["files"] == 2)
    assert len(hook.bodies) == 1


async def test_the_end_delivers_what_waits_and_counts_what_it_cannot(tmp_path: Path, hook: Hook) -> None:
    counts = AlertCounts()
    async with running(AlertSettings(webhook=hook.url, command=("sleep", "600")), tmp_path, counts) as alerter:
        alerter.send(alert(1))
        alerter.send(alert(2))
        await asyncio.sleep(0)
    assert (counts.sent["files"], counts.sent["webhook"]) == (2, 2)
    assert counts.dropped["command"] == 2
