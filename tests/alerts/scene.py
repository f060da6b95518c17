"""A real ledger with couriers before it, and a receiver of webhooks that answers as it is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watchdog.alerts.alerter import Alerter
from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.delivery_worker import Patience
from watchdog.ledger import Ledger
from watchdog.model.alert import Alert, Notice
from watchdog.model.change import Change
from watchdog.model.settings import AlertSettings, ReceiverKind, ReceiverSettings

HASTE = Patience(tries=3, first=0.01, longest=0.02, repeat=0.05)
TOKEN = "t0p-s3cret"  # noqa: S105 - a token that opens nothing


def webhook(url: str, name: str = "hook", **more: Any) -> ReceiverSettings:
    return ReceiverSettings(name=name, kind=ReceiverKind.WEBHOOK, address=url, **more)


def told_to(*receivers: ReceiverSettings) -> AlertSettings:
    return AlertSettings(receivers=receivers)


@dataclass
class Scene:
    ledger: Ledger
    alerter: Alerter
    counts: AlertCounts
    files: Path

    async def tell(self, *alerts: Alert) -> None:
        """As the daemon does: in one transaction, for every receiver."""
        for alert in alerts:
            await self.ledger.append(Change(notices=[Notice(name, alert) for name in self.alerter.receivers]))
        self.alerter.hurry()


@asynccontextmanager
async def running(
    settings: AlertSettings,
    directory: Path,
    *,
    patience: Patience = HASTE,
    works: bool = True,
    wall: float | None = None,
) -> AsyncGenerator[Scene]:
    """Couriers at work on the ledger in `directory`. `wall` is the time that they take it to be."""
    ledger = await Ledger.open(directory / "state", key_file=None, now=time.time(), retention=1e9)
    counts = AlertCounts()
    alerter = Alerter(
        settings,
        directory / "alerts",
        counts,
        ledger,
        works=lambda: works,
        # The alerts of the tests are of 2023.
        wall=lambda: 1_700_000_000.0 if wall is None else wall,
        patience=patience,
    )
    task = asyncio.create_task(alerter.run())
    try:
        yield Scene(ledger, alerter, counts, directory / "alerts")
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await ledger.close()


@dataclass
class Hook:
    """A receiver of webhooks that answers as it is told: the next of `answers`, then `always`; 0 never answers."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    always: int = 204
    drips: bool = False
    """It answers by a byte from time to time, without end: no timeout of a single read ends that."""
    refuses: set[str] = field(default_factory=set[str])
    """Keys of alerts that it answers 503 to, always."""
    heads: list[str] = field(default_factory=list[str])
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    raw: list[bytes] = field(default_factory=list[bytes])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = [int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-l")]
            self.heads.append(head)
            content = await reader.readexactly(length[0] if length else 0)
            body: Any = json.loads(content) if content else {}
            self.raw.append(content)
            self.bodies.append(body)
            status = self.answers.pop(0) if self.answers else self.always
            if any(f'"{key}"'.encode() in content for key in self.refuses):
                status = 503
            if self.drips:
                writer.write(b"HTTP/1.1 200 X\r\nX-Slow: ")
                while self.drips and not writer.is_closing():
                    writer.write(b"x")
                    await asyncio.sleep(0.02)
            elif status == 0:
                await reader.read()
            else:
                location = f"Location: {self.url}elsewhere\r\n" if 300 <= status < 400 else ""
                writer.write(f"HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\n\r\n".encode())
        finally:
            writer.close()

    def heard(self) -> list[str]:
        return [f"{body['key']} {body['state']}" for body in self.bodies]
