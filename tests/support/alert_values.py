"""Alerts for tests."""

from __future__ import annotations

from dataclasses import replace

from watchdog.model.alert import Alert
from watchdog.model.record import Severity


def alert(
    number: int = 1, severity: Severity = Severity.CRITICAL, *, resolved: bool = False, key: str | None = None
) -> Alert:
    return Alert(
        key=key or f"incident-{number}",
        severity=severity,
        subject="shop/webui",
        summary="shop/webui is missing since 22:13.",
        at=1_700_000_000.0,
        incident=number,
        resolved=resolved,
        command=f"watchdog show {number}",
    )


def full_alert() -> Alert:
    """An alert that uses every field."""
    return replace(
        alert(7),
        project="shop",
        labels={"team": "web", "tier": "front"},
        owner="ada@example.org",
        since=1_699_999_700.0,
        root="shop/db",
        dependents=("shop/api", "shop/worker"),
        tried=("restart failed: exit code 1", "recreate failed: port taken"),
        todo="Free port 8000, then run `watchdog recover shop/webui`.",
        runbook="https://wiki.example.org/webui",
        plan="recreate shop/webui: it is missing\n  1. start NEW",
        evidence=("it is missing", "check http: refused"),
        flapping=True,
        reminder=2,
    )
