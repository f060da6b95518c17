"""Alerts by HTTP POST."""

from __future__ import annotations

import asyncio
from ssl import SSLContext
from typing import Final
from urllib.parse import quote, urlsplit

from watchdog.alerts.message import alert_json, state
from watchdog.alerts.receiver import DeliveryFailed, DeliveryRefused
from watchdog.model.alert import Alert

_TRY_AGAIN: Final = frozenset({408, 425, 429})
"""Statuses below 500 that say: later."""


class WebhookReceiver:
    """Posts JSON to `url`, with `token` as a bearer token. Only host and status are ever told: paths hold secrets."""

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        self._url = url
        self._token = token
        self._timeout = timeout
        self._context: SSLContext | None = None

    async def deliver(self, alert: Alert) -> None:
        import httpx

        try:
            async with asyncio.timeout(self._timeout):
                status = await self._post(alert)
        except (httpx.TransportError, OSError) as error:
            raise DeliveryFailed(f"the webhook at {self._host} does not answer ({type(error).__name__})") from None
        except httpx.InvalidURL:
            raise DeliveryRefused("the URL of the webhook is wrong: correct [alert] webhook") from None
        if 200 <= status < 300:  # noqa: PLR2004 - "successful" of RFC 9110
            return
        answer = f"the webhook at {self._host} answered {status}"
        if status in _TRY_AGAIN or status >= 500:  # noqa: PLR2004 - "server error" of RFC 9110
            raise DeliveryFailed(answer)
        if 300 <= status < 400:  # noqa: PLR2004 - "redirection" of RFC 9110
            raise DeliveryRefused(f"{answer}, and redirects are not followed: set [alert] webhook to where it leads")
        raise DeliveryRefused(answer)

    async def _post(self, alert: Alert) -> int:
        """The status; the body of the answer stays unread."""
        import httpx

        if self._context is None:
            self._context = await asyncio.to_thread(httpx.create_ssl_context)
        headers = {"Idempotency-Key": f"{quote(alert.key, safe='/:#@')}:{state(alert)}"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        async with (
            httpx.AsyncClient(verify=self._context, timeout=self._timeout, follow_redirects=False) as client,
            client.stream("POST", self._url, json=alert_json(alert), headers=headers) as response,
        ):
            return response.status_code

    @property
    def _host(self) -> str:
        return urlsplit(self._url).hostname or "an unknown host"
