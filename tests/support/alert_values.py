"""Alerts for tests."""

from __future__ import annotations

from watchdog.model.alert import Alert
from watchdog.model.record import Severity


def alert(number: int = 1, severity: Severity = Severity.CRITICAL, *, resolved: bool = False) -> Alert:
    return Alert(
        key=f"incident-{number}",
        severity=severity,
        subject="shop/webui",
        summary="shop/webui is missing since 22:13.",
        at=1_700_000_000.0,
        incident=number,
        resolved=resolved,
        command=f"watchdog show {number}",
    )
