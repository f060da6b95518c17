"""One HTTP request of a receiver; only its host and the answer's status are ever told, for paths hold secrets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from watchdog.alerts.receiver import DeliveryFailed, DeliveryRefused

if TYPE_CHECKING:  # it is imported when first used
    from aiohttp import StreamReader

_BAD_CONTENT: Final = frozenset({400, 413, 422})
"""Statuses that speak of this one alert. Any other may be mended: a token, a path, the receiver."""


class Poster:
    """Requests to one URL; redirects are not followed, for they would carry the token elsewhere."""

    def __init__(self, what: str, url: str, timeout: float) -> None:
        self._what = what
        self._url = url
        self._timeout = timeout

    async def request(
        self, method: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None, at_most: int = 0
    ) -> bytes:
        """Returns when the answer is 2xx; raises DeliveryFailed or DeliveryRefused.

        The body of the answer stays unread, unless it is wanted and may be `at_most` so many bytes long.
        """
        if "aiohttp" not in sys.modules:
            await asyncio.to_thread(import_module, "aiohttp")  # it takes a tenth of a second of the loop
        from aiohttp import ClientError, InvalidURL

        where = f"the {self._what} at {urlsplit(self._url).hostname or 'an unknown host'}"
        try:
            async with asyncio.timeout(self._timeout):
                status, body = await self._answer(method, content, headers, at_most)
        except TimeoutError:
            raise DeliveryFailed(f"{where} does not answer within {self._timeout:g} s") from None
        except InvalidURL:
            raise DeliveryFailed(f"the URL of {where} is wrong: correct it in the configuration") from None
        except (ClientError, OSError) as error:
            raise DeliveryFailed(f"{where} does not answer ({type(error).__name__})") from None
        if 200 <= status < 300:  # noqa: PLR2004 - "successful" of RFC 9110
            if len(body) > at_most:
                raise DeliveryFailed(f"{where} answered {status} with more than {at_most} bytes")
            return body
        answer = f"{where} answered {status}"
        if status in _BAD_CONTENT:
            raise DeliveryRefused(answer)
        if 300 <= status < 400:  # noqa: PLR2004 - "redirection" of RFC 9110
            raise DeliveryFailed(f"{answer}, and redirects are not followed: configure the URL that it leads to")
        raise DeliveryFailed(answer)

    async def _answer(
        self, method: str, content: bytes, headers: Mapping[str, str] | None, at_most: int
    ) -> tuple[int, bytes]:
        """Status, and the body as far as it is wanted, and a byte more. Each request has a connection of its own."""
        from aiohttp import ClientSession

        async with (
            ClientSession(trust_env=True) as session,
            session.request(method, self._url, data=content, headers=headers, allow_redirects=False) as response,
        ):
            body = await _begin_of(response.content, at_most + 1) if at_most and response.ok else b""
            response.close()
            return response.status, body


async def _begin_of(stream: StreamReader, length: int) -> bytes:
    try:
        return await stream.readexactly(length)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
