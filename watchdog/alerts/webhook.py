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


class WebhookReceiver:
    """Posts JSON, with `token` as a bearer token, signed with `secret`."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._poster = Poster("webhook", settings.address, settings.timeout)
        self._token = settings.token
        self._secret = settings.secret

    async def deliver(self, alert: Alert, told: Alert | None) -> None:  # noqa: ARG002 - as of every receiver
        content = json.dumps(alert_json(alert)).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": quote(identity(alert), safe="/:#@")}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._secret is not None:
            headers |= signature(self._secret, int(time.time()), content)
        await self._poster.request("POST", content=content, headers=headers)


def signature(secret: str, now: int, content: bytes) -> dict[str, str]:
    """HMAC-SHA256 of `TIMESTAMP.BODY`: the time is signed too, so that an old message cannot be sent again."""
    digest = hmac.new(secret.encode(), f"{now}.".encode() + content, hashlib.sha256).hexdigest()
    return {"X-Watchdog-Timestamp": str(now), "X-Watchdog-Signature": f"sha256={digest}"}
