"""One HTTP request of a receiver; only its host and the answer's status are ever told, for paths hold secrets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Final
from urllib.parse import urlsplit

from watchdog.alerts.receiver import DeliveryFailed, DeliveryRefused

_BAD_CONTENT: Final = frozenset({400, 413, 422})
"""Statuses that speak of this one alert. Any other may be mended: a token, a path, the receiver."""


class Poster:
    """Requests to one URL; redirects are not followed, for they would carry the token elsewhere."""

    def __init__(self, what: str, url: str, timeout: float) -> None:
        self._what = what
        self._url = url
        self._timeout = timeout

    async def request(self, method: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Returns when the answer is 2xx; raises DeliveryFailed or DeliveryRefused."""
        if "aiohttp" not in sys.modules:
            await asyncio.to_thread(import_module, "aiohttp")  # it takes a tenth of a second of the loop
        from aiohttp import ClientError, InvalidURL

        where = f"the {self._what} at {urlsplit(self._url).hostname or 'an unknown host'}"
        try:
            async with asyncio.timeout(self._timeout):
                status = await self._status(method, content, headers)
        except TimeoutError:
            raise DeliveryFailed(f"{where} does not answer within {self._timeout:g} s") from None
        except InvalidURL:
            raise DeliveryFailed(f"the URL of {where} is wrong: correct it in the configuration") from None
        except (ClientError, OSError) as error:
            raise DeliveryFailed(f"{where} does not answer ({type(error).__name__})") from None
        if 200 <= status < 300:  # noqa: PLR2004 - "successful" of RFC 9110
            return
        answer = f"{where} answered {status}"
        if status in _BAD_CONTENT:
            raise DeliveryRefused(answer)
        if 300 <= status < 400:  # noqa: PLR2004 - "redirection" of RFC 9110
            raise DeliveryFailed(f"{answer}, and redirects are not followed: configure the URL that it leads to")
        raise DeliveryFailed(answer)

    async def _status(self, method: str, content: bytes, headers: Mapping[str, str] | None) -> int:
        """The body of the answer stays unread. Each request has a connection of its own: none goes stale."""
        from aiohttp import ClientSession

        async with (
            ClientSession(trust_env=True) as session,
            session.request(method, self._url, data=content, headers=headers, allow_redirects=False) as response,
        ):
            response.close()
            return response.status
