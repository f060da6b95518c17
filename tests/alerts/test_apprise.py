"""Alerts by Apprise, to a real HTTP server and a real mail server on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from tests.alerts.scene import Hook, running, told_to
from tests.support.alert_values import alert, full_alert
from tests.support.eventually import eventually
from watchdog.model.settings import ReceiverKind, ReceiverSettings


def service(address: str, timeout: float = 10.0) -> ReceiverSettings:
    return ReceiverSettings(name="team", kind=ReceiverKind.APPRISE, address=address, timeout=timeout)


@dataclass
class Mails:
    """What a mail server got; it refuses as many as it is told to."""

    port: int = 0
    refuses: int = 0
    got: list[str] = field(default_factory=list[str])
    recipients: list[str] = field(default_factory=list[str])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            match line.upper().split(":")[0].split()[0]:
                case "EHLO" | "HELO":
                    writer.write(b"250 here\r\n")
                case "RCPT" if self.refuses:
                    self.refuses -= 1
                    writer.write(b"451 try later\r\n")
                case "RCPT":
                    self.recipients.append(line)
                    writer.write(b"250 ok\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    self.got.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    writer.write(b"250 taken\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 ok\r\n")
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncGenerator[Mails]:
    mails = Mails()
    server = await asyncio.start_server(mails.serve, "127.0.0.1", 0)
    mails.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mails


async def test_a_mail_says_what_is_broken_what_was_tried_and_what_to_do(tmp_path: Path) -> None:
    async with mail_server() as mails:
        mails.refuses = 1
        address = f"mailto://127.0.0.1:{mails.port}?from=watchdog@example.org&to=ops@example.org&format=text"
        async with running(told_to(service(address)), tmp_path) as scene:
            await scene.tell(full_alert())
            await eventually(lambda: scene.counts.sent["team"] == 1)
    assert scene.counts.failed["team"] == 1
    assert [line.upper() for line in mails.recipients] == ["RCPT TO:<OPS@EXAMPLE.ORG>"]
    (mail,) = mails.got
    for expected in (
        "Subject: [critical] shop/webui",
        "shop/webui is missing since 22:13.",
        "It follows from shop/db.",
        "Tried: restart failed: exit code 1",
        "To do: Free port 8000",
        "Runbook: https://wiki.example.org/webui",
        "Evidence: watchdog show 7",
    ):
        assert expected in mail


async def test_a_service_that_fails_is_tried_again_and_its_reason_is_told(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [503, 500]
    with structlog.testing.capture_logs() as logs:
        async with running(told_to(service(hook.url.replace("http", "json", 1))), tmp_path) as scene:
            await scene.tell(alert(1), alert(1, resolved=True))
            await eventually(lambda: scene.counts.sent["team"] == 2)
    assert [body["type"] for body in hook.bodies] == ["failure", "failure", "failure", "success"]
    assert [body["title"] for body in hook.bodies[-2:]] == ["[critical] shop/webui", "[resolved] shop/webui"]
    assert "json:// did not take it (" in str(logs)
    assert "error=503" in str(logs)
    assert "s3cret" not in str(logs)


async def test_a_service_that_never_ends_is_left_after_its_timeout_and_holds_one_thread_at_the_most(
    tmp_path: Path, hook: Hook
) -> None:
    hook.drips = True
    with structlog.testing.capture_logs() as logs:
        async with running(told_to(service(hook.url.replace("http", "json", 1), timeout=0.3)), tmp_path) as scene:
            await scene.tell(alert(1))
            await eventually(lambda: scene.counts.sent["files"] == 1)
            await eventually(lambda: scene.counts.failed["team"] >= 5)
            assert len(hook.bodies) == 1
            assert sum(thread.name == "apprise json" for thread in threading.enumerate()) == 1
            hook.drips = False
            await eventually(lambda: scene.counts.sent["team"] == 1)
    assert "json:// did not finish within 0.3 s" in str(logs)
    assert "json:// is still busy with the delivery before" in str(logs)
