"""The door of this room: what is sent goes to every receiver that is configured, each at its own pace."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchdog.alerts.command import CommandReceiver
from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.courier import Courier, Patience
from watchdog.alerts.files import FilesReceiver
from watchdog.alerts.webhook import WebhookReceiver
from watchdog.model.alert import Alert
from watchdog.model.settings import AlertSettings

FLUSH: Final = 2.0
"""Seconds that deliveries may take when watchdog ends."""


class Alerter:
    """Delivers alerts in the background. `directory` holds the files for people and programs on this machine."""

    def __init__(
        self, settings: AlertSettings, directory: Path, counts: AlertCounts, *, patience: Patience | None = None
    ) -> None:
        patience = patience or Patience()
        self._files = Courier("files", counts, patience)
        self._webhook = Courier("webhook", counts, patience)
        self._command = Courier("command", counts, patience)
        self._files.serve(FilesReceiver(directory))
        self.reconfigure(settings)

    def reconfigure(self, settings: AlertSettings) -> None:
        """What is under way or waits goes where the new settings say."""
        self._webhook.serve(
            WebhookReceiver(settings.webhook, settings.webhook_token, settings.timeout) if settings.webhook else None
        )
        self._command.serve(CommandReceiver(settings.command, settings.timeout) if settings.command else None)

    def send(self, alert: Alert) -> None:
        """Never blocks and never fails; from the loop's thread only."""
        for courier in self._couriers:
            courier.put(alert)

    async def run(self) -> None:
        """Delivers until it is cancelled; then what waits has two more seconds."""
        tasks = [asyncio.create_task(courier.run(), name="courier") for courier in self._couriers]
        try:
            await asyncio.wait(tasks)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH):
                    await asyncio.gather(*(courier.idle() for courier in self._couriers))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for courier in self._couriers:
                courier.abandon()

    @property
    def _couriers(self) -> tuple[Courier, ...]:
        return self._files, self._webhook, self._command
