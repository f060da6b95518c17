"""How a recovery is told: a live line on a terminal, plain lines elsewhere, one JSON object per service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from watchdog.cli.report import title
from watchdog.cli.terminal import console, on_terminal, print_json, say
from watchdog.cli.text import printable, span


class Printer(ABC):
    """Prints events of a recovery, shaped as docs/api.md has them; a context, since a live line has an end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        return None

    @abstractmethod
    def order(self, event: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def plan(self, event: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def progress(self, event: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def result(self, event: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def nothing(self) -> None: ...


def printer_for(*, as_json: bool) -> Printer:
    if as_json:
        return JsonPrinter()
    return LivePrinter() if on_terminal() else LinePrinter()


class JsonPrinter(Printer):
    """Results and, in a dry run, plans; progress is for people."""

    def order(self, event: Mapping[str, Any]) -> None:
        pass

    def plan(self, event: Mapping[str, Any]) -> None:
        print_json({"service": event["service"], "plan": event["text"]})

    def progress(self, event: Mapping[str, Any]) -> None:
        pass

    def result(self, event: Mapping[str, Any]) -> None:
        print_json({key: value for key, value in event.items() if key != "event"})

    def nothing(self) -> None:
        pass


class LinePrinter(Printer):
    """Sentences, a line each."""

    def order(self, event: Mapping[str, Any]) -> None:
        """Which services, roots first; one alone speaks for itself."""
        if len(event["services"]) > 1:
            self._say(f"{len(event['services'])} services: {', '.join(event['services'])}")

    def plan(self, event: Mapping[str, Any]) -> None:
        for line in event["text"].splitlines():
            self._say(line)

    def progress(self, event: Mapping[str, Any]) -> None:
        self._say(f"{event['service']}: {event['sentence']}")

    def result(self, event: Mapping[str, Any]) -> None:
        self._say(_summary(event))

    def nothing(self) -> None:
        self._say("Nothing to recover: no protected service was found.")

    def _say(self, sentence: str) -> None:
        say(sentence)


class LivePrinter(LinePrinter):
    """The same lines above a live one that says what goes on now."""

    def __init__(self) -> None:
        self._live = console().status("Asking the daemon …")
        self._services = self._ended = 0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def order(self, event: Mapping[str, Any]) -> None:
        super().order(event)
        self._services = len(event["services"])

    def progress(self, event: Mapping[str, Any]) -> None:
        super().progress(event)
        so_far = f"{self._ended} of {self._services} done; " if self._services > 1 else ""
        self._live.update(printable(f"{so_far}{event['service']}: {event['sentence']}"))

    def result(self, event: Mapping[str, Any]) -> None:
        super().result(event)
        self._ended += 1

    def _say(self, sentence: str) -> None:
        say(sentence, self._live.console)


def _summary(event: Mapping[str, Any]) -> str:
    action = f" by {event['action']}" if event["action"] else ""
    attempts = f" in {event['attempts']} attempts" if event["attempts"] > 1 else ""
    evidence = f"; `watchdog show {event['incident']}`" if event["incident"] is not None else ""
    took = f" after {span(event['seconds'])}" if event["seconds"] else ""
    return f"{event['outcome']}: {title(event)}{action}{attempts}{took}: {event['reason'].rstrip('.')}{evidence}"
