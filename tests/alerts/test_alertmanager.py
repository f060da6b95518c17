"""Debian's own Alertmanager knows what fires, and forgets nothing of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from tests.alerts.scene import Hook, running, told_to
from tests.probes.servers import free_port
from tests.support.alert_values import alert, full_alert
from tests.support.eventually import eventually
from tests.support.packages import program
from watchdog.model.alert import Alert
from watchdog.model.record import Severity
from watchdog.model.settings import ReceiverKind, ReceiverSettings

CONFIGURATION = """
route: { receiver: hook, group_by: [key], group_wait: 0s, group_interval: 1s }
receivers: [{ name: hook, webhook_configs: [{ url: "%s", send_resolved: true }] }]
"""


@dataclass
class Alertmanager:
    address: str
    client: httpx.AsyncClient

    async def alerts(self) -> list[dict[str, Any]]:
        """Those that fire."""
        answer = await self.client.get("/api/v2/alerts")
        return sorted(answer.json(), key=lambda one: (one["labels"]["key"], one["labels"]["severity"]))

    async def firing(self) -> list[str]:
        return [f"{one['labels']['key']} {one['labels']['severity']}" for one in await self.alerts()]

    async def fires(self, *expected: str) -> None:
        async def so() -> bool:
            return await self.firing() == list(expected)

        await eventually(so, 30)


@asynccontextmanager
async def alertmanager(directory: Path, hook: Hook, port: int = 0) -> AsyncGenerator[Alertmanager]:
    configuration = directory / "alertmanager.yml"
    configuration.write_text(CONFIGURATION % hook.url)
    port = port or free_port()
    process = await asyncio.create_subprocess_exec(
        program("prometheus-alertmanager"),
        f"--config.file={configuration}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stderr=asyncio.subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            await eventually(lambda: _is_ready(client), 30)
            yield Alertmanager(address, client)
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).status_code == 200
    except httpx.TransportError:
        return False


def prometheus(address: str) -> ReceiverSettings:
    return ReceiverSettings(name="prometheus", kind=ReceiverKind.ALERTMANAGER, address=f"{address}/")


def now(one: Alert) -> Alert:
    """Alertmanager keeps none that ended years ago."""
    return replace(one, at=time.time(), since=None)


async def test_it_knows_what_fires_with_all_that_routes_and_people_need(tmp_path: Path, hook: Hook) -> None:
    async with alertmanager(tmp_path, hook) as there, running(told_to(prometheus(there.address)), tmp_path) as scene:
        labelled = replace(now(full_alert()), labels={"com.docker.compose.project": "shop", "1st": "x", "empty": ""})
        await scene.tell(labelled)
        await there.fires("incident-7 critical")
        (one,) = await there.alerts()
        assert one["labels"] == {
            "alertname": "WatchdogIncident",
            "key": "incident-7",
            "severity": "critical",
            "subject": "shop/webui",
            "project": "shop",
            "owner": "ada@example.org",
            "com_docker_compose_project": "shop",
            "_1st": "x",
        }
        assert one["annotations"]["summary"] == "shop/webui is missing since 22:13."
        assert one["annotations"]["runbook_url"] == "https://wiki.example.org/webui"
        assert "watchdog show 7" in one["annotations"]["description"]
        await eventually(lambda: len(hook.bodies) == 1, 30)
        await scene.tell(replace(now(full_alert()), labels=labelled.labels, resolved=True))
        await there.fires()
        await eventually(lambda: [body["status"] for body in hook.bodies] == ["firing", "resolved"], 30)


async def test_what_turns_critical_is_no_warning_any_more_and_ends_as_a_whole(tmp_path: Path, hook: Hook) -> None:
    async with alertmanager(tmp_path, hook) as there, running(told_to(prometheus(there.address)), tmp_path) as scene:
        await scene.tell(now(alert(1, Severity.WARNING)))
        await there.fires("incident-1 warning")
        await scene.tell(now(alert(1)))
        await there.fires("incident-1 critical")
        await scene.tell(now(alert(1, Severity.WARNING, resolved=True)))
        await there.fires()


async def test_an_alertmanager_that_lost_its_memory_hears_again_what_fires(tmp_path: Path, hook: Hook) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with alertmanager(tmp_path, hook, port) as there, running(told_to(prometheus(address)), tmp_path) as scene:
        await scene.tell(now(alert(1)), now(alert(2)), now(alert(2, resolved=True)))
        await eventually(lambda: scene.counts.sent["prometheus"] == 3)
        await there.fires("incident-1 critical")
    async with running(told_to(prometheus(address)), tmp_path) as scene:
        await eventually(lambda: scene.counts.failed["prometheus"] > 0, 30)
        async with alertmanager(tmp_path, hook, port) as there:
            await there.fires("incident-1 critical")
