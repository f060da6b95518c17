"""Alerts by Apprise: e-mail, chats, pagers and some hundred services more."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from watchdog.alerts.message import headline, text
from watchdog.alerts.receiver import DeliveryFailed
from watchdog.model.alert import Alert
from watchdog.model.record import Severity
from watchdog.model.settings import ReceiverSettings

if TYPE_CHECKING:
    from apprise import NotifyBase, NotifyType  # heavy: imported with the first alert

_REASON: Final = 200
"""Characters of what Apprise says of a failure."""


def make(settings: ReceiverSettings) -> AppriseReceiver:
    return AppriseReceiver(settings)


class AppriseReceiver:
    """Its delivery blocks, so it has a thread; one that never comes back is left behind, and no second one begins."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._address = settings.address
        self._scheme = settings.address.partition("://")[0].lower()
        self._timeout = settings.timeout
        self._service: NotifyBase | None = None
        self._under_way: threading.Thread | None = None

    async def deliver(self, alert: Alert, told: Alert | None) -> None:  # noqa: ARG002 - as of every receiver
        if self._under_way is not None and self._under_way.is_alive():
            raise DeliveryFailed(f"{self._scheme}:// is still busy with the delivery before")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str | None] = loop.create_future()

        def work() -> None:
            try:
                outcome = self._notify(alert)
            except Exception as error:  # noqa: BLE001 - of a hundred plugins any error may come
                outcome = type(error).__name__
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_tell, done, outcome)

        # A daemon's thread: one that hangs must not keep the process from ending, as those of an executor do.
        self._under_way = threading.Thread(target=work, name=f"apprise {self._scheme}", daemon=True)
        self._under_way.start()
        try:
            async with asyncio.timeout(self._timeout):
                failure = await done
        except TimeoutError:
            raise DeliveryFailed(f"{self._scheme}:// did not finish within {self._timeout:g} s") from None
        if failure is not None:
            raise DeliveryFailed(f"{self._scheme}:// did not take it{f' ({failure})' if failure else ''}")

    def _notify(self, alert: Alert) -> str | None:
        """None when it was taken, else why not, as far as Apprise says."""
        with _Reasons() as reasons:
            if self._service is None:
                self._service = _service(self._address, self._timeout)
            taken = self._service.notify(title=headline(alert), body=text(alert), notify_type=_kind(alert))
        return None if taken else self._without_secrets(reasons.last)

    def _without_secrets(self, reason: str) -> str:
        """Nothing, where a part of the address is in it."""
        parts = [
            part for part in self._address.replace("://", "/").replace(":", "/").replace("@", "/").split("/") if part
        ]
        return "" if any(part in reason for part in parts[1:]) else reason[:_REASON]


def _service(address: str, timeout: float) -> NotifyBase:
    """Raises AppriseImproperlyConfigured or TypeError; the configuration has tried it before."""
    import apprise

    service = apprise.Apprise.instantiate(address, suppress_exceptions=False)  # pyright: ignore[reportUnknownMemberType] - Apprise types a dict as bare
    if service is None:
        raise TypeError
    service.socket_connect_timeout = service.socket_read_timeout = timeout
    return service


def _kind(alert: Alert) -> NotifyType:
    from apprise import NotifyType

    if alert.resolved:
        return NotifyType.SUCCESS
    kinds = {
        Severity.INFO: NotifyType.INFO,
        Severity.WARNING: NotifyType.WARNING,
        Severity.CRITICAL: NotifyType.FAILURE,
    }
    return kinds[alert.severity]


def _tell(done: asyncio.Future[str | None], outcome: str | None) -> None:
    if not done.done():
        done.set_result(outcome)


class _Reasons(logging.Handler):
    """What Apprise says in its log, from this thread: `notify` itself only says no."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.last = record.getMessage()

    def __enter__(self) -> Self:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)
