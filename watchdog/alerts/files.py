"""Alerts as files: what is critical now, and every alert as a line. For people who `cat` and programs that `tail`."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import time
from pathlib import Path
from typing import Any, Final

import structlog

from watchdog.alerts.message import alert_json
from watchdog.alerts.receiver import DeliveryFailed
from watchdog.errors import LedgerError
from watchdog.model.alert import Alert
from watchdog.model.record import Severity
from watchdog.model.snapshot import timestamp

CRITICAL: Final = "critical-failures.json"
EVERY: Final = "alerts.jsonl"
ROTATE_AT: Final = 10_000_000
"""Bytes; the file then becomes `alerts.jsonl.1` in place of the one before."""
RECENT: Final = 100
OPEN: Final = 1000

_log = structlog.get_logger(__name__)

Message = dict[str, Any]


class FilesReceiver:
    """`critical-failures.json` says what is critical and not resolved, across restarts of the daemon."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: dict[str, Message] | None = None
        self._recent: list[Message] = []

    async def deliver(self, alert: Alert, told: Alert | None) -> None:  # noqa: ARG002 - as of every receiver
        try:
            await asyncio.to_thread(self._write, alert)
        except (LedgerError, OSError) as error:
            raise DeliveryFailed(f"the files in {self._directory} cannot be written: {error}") from error

    def _write(self, alert: Alert) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = self._read() if self._open is None else self._open
        message = alert_json(alert)
        if alert.severity is Severity.CRITICAL or alert.key in opened:
            self._write_critical(alert, message, opened)
        self._append(message)

    def _write_critical(self, alert: Alert, message: Message, opened: dict[str, Message]) -> None:
        from watchdog.ledger import write_json

        others = {key: other for key, other in opened.items() if key != alert.key}
        now_open = others if alert.resolved else {**others, alert.key: message}
        now_open = dict(list(now_open.items())[-OPEN:])
        recent = [*(other for other in self._recent if other != message), message][-RECENT:]
        content = {"updated_at": timestamp(time.time()), "open": list(now_open.values()), "recent": recent}
        write_json(self._directory / CRITICAL, content)
        self._open, self._recent = now_open, recent

    def _read(self) -> dict[str, Message]:
        """What a daemon before this one wrote; what is not readable is written anew."""
        from watchdog.ledger import read_json

        try:
            content = read_json(self._directory / CRITICAL) or {"open": [], "recent": []}
            self._open = {message["key"]: message for message in content["open"]}
            self._recent = list(content["recent"])
        except (LedgerError, KeyError, TypeError) as error:
            _log.warning(f"{self._directory / CRITICAL} is not readable and begins anew: {error}")
            self._open, self._recent = {}, []
        return self._open

    def _append(self, message: Message) -> None:
        path = self._directory / EVERY
        line = json.dumps(message).encode() + b"\n"
        if path.exists() and path.stat().st_size + len(line) > ROTATE_AT:
            path.replace(path.with_name(EVERY + ".1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            before, written = os.fstat(descriptor).st_size, 0
            try:
                written = file.write(line)
            finally:
                if written != len(line):
                    os.ftruncate(descriptor, before)
        if written != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
