"""Alerts by HTTP POST, to a server that answers as it is told."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
import structlog

from tests.alerts.scene import TOKEN, Hook, running, told_to, webhook
from tests.support.alert_values import alert, full_alert
from tests.support.eventually import eventually


async def test_it_gets_all_of_the_alert_its_token_and_a_key_for_retries(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [503, 429]
    async with running(told_to(webhook(hook.url, token=TOKEN)), tmp_path) as scene:
        await scene.tell(full_alert())
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    assert (scene.counts.failed["hook"], len(hook.heads)) == (2, 3)
    assert all("idempotency-key: incident-7:firing:2:2023-11-14t22:13:20.000z" in head.lower() for head in hook.heads)
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
        "project": "shop",
        "labels": {"team": "web", "tier": "front"},
        "owner": "ada@example.org",
        "since": "2023-11-14T22:08:20.000Z",
        "root": "shop/db",
        "dependents": ["shop/api", "shop/worker"],
        "tried": ["restart failed: exit code 1", "recreate failed: port taken"],
        "todo": "Free port 8000, then run `watchdog recover shop/webui`.",
        "runbook": "https://wiki.example.org/webui",
        "plan": "recreate shop/webui: it is missing\n  1. start NEW",
        "evidence": ["it is missing", "check http: refused"],
        "flapping": True,
        "reminder": 2,
    }


async def test_what_it_gets_is_signed_with_the_time(tmp_path: Path, hook: Hook) -> None:
    async with running(told_to(webhook(hook.url, secret=TOKEN)), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in hook.heads[0].splitlines())
    }
    signed = headers["x-watchdog-timestamp"].encode() + b"." + hook.raw[0]
    expected = hmac.new(TOKEN.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["x-watchdog-signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_it_calls_wrong_is_given_up_at_once(tmp_path: Path, hook: Hook, status: int) -> None:
    hook.answers = [status]
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1), alert(2))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    assert [body["incident"] for body in hook.bodies] == [1, 2]
    assert scene.counts.dropped["hook"] == 1


@pytest.mark.parametrize("status", [302, 307, 401, 403, 404, 500])
async def test_what_a_person_can_mend_is_waited_for_and_redirects_are_not_followed(
    tmp_path: Path, hook: Hook, status: int
) -> None:
    hook.answers = [status] * 5
    async with running(told_to(webhook(hook.url, token=TOKEN)), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    assert hook.heard() == ["incident-1 firing"] * 6
    assert scene.counts.dropped["hook"] == 0


async def test_no_secret_is_logged(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [503, 302, 500, 400]
    with structlog.testing.capture_logs() as logs:
        async with running(told_to(webhook(hook.url, token=TOKEN, secret=TOKEN)), tmp_path) as scene:
            await scene.tell(alert(1))
            await eventually(lambda: scene.counts.dropped["hook"] == 1)
    assert "127.0.0.1 answered 503" in str(logs)
    assert "s3cret" not in str(logs)


async def test_why_it_fails_is_said_once(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [503] * 6
    with structlog.testing.capture_logs() as logs:
        async with running(told_to(webhook(hook.url)), tmp_path) as scene:
            await scene.tell(alert(1))
            await eventually(lambda: scene.counts.sent["hook"] == 1)
    assert len([line for line in logs if "503" in line["event"]]) == 1
