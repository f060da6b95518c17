"""Waiting for a condition under a deadline: the tests' only way to wait."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

T = TypeVar("T")
POLL = 0.01


async def eventually(condition: Callable[[], T | Awaitable[T]], timeout: float = 30.0) -> T:  # noqa: ASYNC109 - the last value belongs into the failure
    """The first truthy value of `condition`; AssertionError with the last value after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await cast("Awaitable[T]", value)
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout:g} s; the last value was {value!r}")
        await asyncio.sleep(POLL)


def eventually_sync(condition: Callable[[], T], timeout: float = 10.0) -> T:
    """`eventually` for tests without an event loop."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout:g} s; the last value was {value!r}")
        time.sleep(POLL)
    return value
