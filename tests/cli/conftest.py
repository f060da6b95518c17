"""Commands run through `main`, against a scripted daemon on a real socket and a scripted one-shot twin."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.scripted_daemon import Script, listening
from watchdog.__main__ import main
from watchdog.api.doors import RecoverOrder, Target
from watchdog.errors import WatchdogError
from watchdog.model.settings import Settings
from watchdog.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Socket, state and run directory of the test's own, no configuration of the machine."""
    monkeypatch.setenv("WATCHDOG_API__SOCKET", str(tmp_path / "watchdog.sock"))
    monkeypatch.setenv("WATCHDOG_STATE__DIR", str(tmp_path / "state"))
    monkeypatch.setenv("WATCHDOG_STATE__RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("SUDO_USER", "ada")
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:  # noqa: ARG001 - the environment of every command
    def command(*arguments: str) -> Ended:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return command


@pytest.fixture
def daemon(home: Path) -> Generator[Script]:
    with listening(home / "watchdog.sock") as script:
        yield script


@dataclass(slots=True)
class Twin:
    """The one-shot twin of the daemon, scripted: `failure` is raised instead of any answer."""

    snapshot: Snapshot | None = None
    events: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    failure: WatchdogError | None = None
    asked: list[Any] = field(default_factory=list[Any])

    async def look(self, _settings: Settings, names: tuple[str, ...]) -> Snapshot:
        self.asked.append(names)
        if self.failure:
            raise self.failure
        assert self.snapshot
        return self.snapshot

    @asynccontextmanager
    async def orders(self, _settings: Settings) -> AsyncGenerator[Twin]:
        if self.failure:
            raise self.failure
        yield self

    async def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        self.asked.append(order)
        for event in self.events:
            yield event

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str:
        self.asked.append(("pause", service, seconds, reason, by))
        return f"{service} is paused."

    async def resume(self, service: str, by: str) -> str:
        self.asked.append(("resume", service, by))
        return f"{service} is watched over again."

    async def retire(self, service: str, reason: str, by: str) -> str:
        self.asked.append(("retire", service, reason, by))
        return f"{service} is retired."

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str:
        self.asked.append(("silence", target, seconds, reason, by))
        return "It is silenced."

    async def unsilence(self, target: Target, by: str) -> str:
        self.asked.append(("unsilence", target, by))
        return "The silence is ended."


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Twin:
    scripted = Twin()
    oneshot = ModuleType("watchdog.daemon.oneshot")
    monkeypatch.setattr(oneshot, "look", scripted.look, raising=False)
    monkeypatch.setattr(oneshot, "orders", scripted.orders, raising=False)
    monkeypatch.setitem(sys.modules, "watchdog.daemon.oneshot", oneshot)
    return scripted
