"""Alerts by HTTP POST."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from urllib.parse import quote

from watchdog.alerts.message import alert_json, identity
from watchdog.alerts.posting import Poster
from watchdog.model.alert import Alert
from watchdog.model.settings import ReceiverSettings


def make(settings: ReceiverSettings) -> WebhookReceiver:
    return WebhookReceiver(settings)


class WebhookReceiver:
    """Posts JSON, with `token` as a bearer token, signed with `secret`."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._poster = Poster("webhook", settings.address, settings.timeout)
        self._token = settings.token
        self._secret = settings.secret

    async def deliver(self, alert: Alert, told: Alert | None) -> None:  # noqa: ARG002 - as of every receiver
        content = json.dumps(alert_json(alert)).encode()
        headers = json_headers(content, int(time.time()), token=self._token, secret=self._secret)
        headers["Idempotency-Key"] = quote(identity(alert), safe="/:#@")
        await self._poster.request("POST", content=content, headers=headers)


def json_headers(content: bytes, now: int, *, token: str | None, secret: str | None) -> dict[str, str]:
    """What is posted to a webhook is JSON; who posts it shows its token, and signs it."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if secret is not None:
        headers |= signature(secret, now, content)
    return headers


def signature(secret: str, now: int, content: bytes) -> dict[str, str]:
    """HMAC-SHA256 of `TIMESTAMP.BODY`: the time is signed too, so that an old message cannot be sent again."""
    digest = hmac.new(secret.encode(), f"{now}.".encode() + content, hashlib.sha256).hexdigest()
    return {"X-Watchdog-Timestamp": str(now), "X-Watchdog-Signature": f"sha256={digest}"}
