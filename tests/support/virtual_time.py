"""An event loop whose time passes only when nobody has anything to do: hours in moments, and always the same."""

from __future__ import annotations

import asyncio
import functools
import inspect
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, ParamSpec, Self, TypeVar, TypeVarTuple

from tests.support.failure_report import reported

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
LONGEST_WORK = 1.0
"""Real seconds for which work in a thread is waited for before it is looked at again."""
MOST_TURNS = 100_000
"""Of the loop while no time goes by: somebody who has nothing to do turns for ever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` jumps to the next timer once all is idle. Work in threads takes no time at all."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._threads = 0
        super().__init__(_Jumping(self))

    @classmethod
    def running(cls) -> Self:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, cls), "this needs virtual time"
        return loop

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        """Time that passes while nothing can run: what was due meanwhile is due at once."""
        self._now += seconds

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride]  # typeshed's own types of it differ by version
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._thread_is_done)
        return future

    def _thread_is_done(self, _: asyncio.Future[Any]) -> None:
        self._threads -= 1

    @property
    def waits_for_threads(self) -> bool:
        return self._threads > 0


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            self._turns += 1
            assert self._turns < MOST_TURNS, "the loop turns, and no time goes by"
            return super().select(timeout)
        self._turns = 0
        if self._loop.waits_for_threads:
            return super().select(LONGEST_WORK)
        ready = super().select(0)
        if not ready:
            self._loop.jump(timeout)
        return ready


def run_virtually(story: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Runs a story to its end in a loop of its own."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(story(loop))


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Runs an `async def test_...` in a `VirtualLoop` of its own; a failure shows what its daemons did last.

    It stands right above the `async def`, below `@given`: each example then has a loop of its own. For pytest-asyncio
    the test is a plain function.
    """
    if not inspect.iscoroutinefunction(test):
        raise TypeError(f"{test} is no coroutine function: @virtual_time stands right above its `async def`")

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        loop = VirtualLoop()
        with reported(loop.time), asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(test(*args, **kwargs))

    return run
