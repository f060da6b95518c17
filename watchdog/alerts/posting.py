"""One HTTP request of a receiver; only its host and the answer's status are ever told, for paths hold secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from watchdog.alerts.receiver import DeliveryFailed, DeliveryRefused

if TYPE_CHECKING:
    from httpx import AsyncClient

_BAD_CONTENT: Final = frozenset({400, 413, 422})
"""Statuses that speak of this one alert. Any other may be mended: a token, a path, the receiver."""


class Poster:
    """Requests to one URL; redirects are not followed, for they would carry the token elsewhere."""

    def __init__(self, what: str, url: str, timeout: float) -> None:
        self._what = what
        self._url = url
        self._timeout = timeout
        self._client: AsyncClient | None = None

    async def request(self, method: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Returns when the answer is 2xx; raises DeliveryFailed or DeliveryRefused."""
        if self._client is None:
            self._client = await asyncio.to_thread(_client, self._timeout)
        import httpx

        where = f"the {self._what} at {urlsplit(self._url).hostname or 'an unknown host'}"
        try:
            async with asyncio.timeout(self._timeout):
                status = await self._status(self._client, method, content, headers)
        except TimeoutError:
            raise DeliveryFailed(f"{where} does not answer within {self._timeout:g} s") from None
        except (httpx.TransportError, OSError) as error:
            raise DeliveryFailed(f"{where} does not answer ({type(error).__name__})") from None
        except httpx.InvalidURL:
            raise DeliveryFailed(f"the URL of {where} is wrong: correct it in the configuration") from None
        if 200 <= status < 300:  # noqa: PLR2004 - "successful" of RFC 9110
            return
        answer = f"{where} answered {status}"
        if status in _BAD_CONTENT:
            raise DeliveryRefused(answer)
        if 300 <= status < 400:  # noqa: PLR2004 - "redirection" of RFC 9110
            raise DeliveryFailed(f"{answer}, and redirects are not followed: configure the URL that it leads to")
        raise DeliveryFailed(answer)

    async def _status(self, client: AsyncClient, method: str, content: bytes, headers: Mapping[str, str] | None) -> int:
        """The body of the answer stays unread."""
        async with client.stream(method, self._url, content=content, headers=headers) as response:
            return response.status_code


def _client(timeout: float) -> AsyncClient:
    """In a thread, for the library's import and the certificates take half a second of a small machine.

    Each request has a connection of its own: so there is none to close when a new configuration replaces the client.
    """
    import httpx

    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False, limits=limits)
