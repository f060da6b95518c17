"""Alerts by running a program."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process

from watchdog.alerts.message import alert_json
from watchdog.alerts.receiver import DeliveryFailed
from watchdog.model.alert import Alert
from watchdog.model.settings import ReceiverSettings
from watchdog.programs import environment, kill_group


def make(settings: ReceiverSettings) -> CommandReceiver:
    return CommandReceiver(settings)


class CommandReceiver:
    """Runs `command` without a shell, the alert as JSON on its standard input; 0 says that it took the alert.

    It does not inherit the daemon's own settings from the environment: they may hold secrets. Whatever it started
    is killed with it when it takes longer than `timeout` seconds.
    """

    def __init__(self, settings: ReceiverSettings) -> None:
        self._command = settings.command
        self._timeout = settings.timeout

    async def deliver(self, alert: Alert, told: Alert | None) -> None:  # noqa: ARG002 - as of every receiver
        name = self._command[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True, env=environment()
            )
        except OSError as error:
            raise DeliveryFailed(f"{name} cannot be run: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._timeout):
                await process.communicate(json.dumps(alert_json(alert)).encode() + b"\n")
        except TimeoutError:
            raise DeliveryFailed(f"{name} took longer than {self._timeout:g} s and was killed") from None
        finally:
            await _end(process)
        if process.returncode != 0:
            raise DeliveryFailed(f"{name} ended with exit code {process.returncode}")


async def _end(process: Process) -> None:
    """Kills the program's whole group, if it is still there."""
    if process.returncode is None:
        kill_group(process)
        await process.wait()
