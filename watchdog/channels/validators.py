"""Those who confirm a change before it is made: asked side by side, by webhook or on the event stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from watchdog.alerts.posting import Poster
from watchdog.alerts.receiver import DeliveryFailed
from watchdog.alerts.webhook import json_headers
from watchdog.channels.hub import Hub
from watchdog.errors import UsageError
from watchdog.model.channel import Channel
from watchdog.model.validator import Announcement, Confirmation, ValidatorSettings, announcement_json, confirmation_json
from watchdog.policy.announcing import concerned

ANSWER_LIMIT: Final = 64 * 1024
"""Bytes of a webhook's answer."""
_REASON_LENGTH: Final = 300
"""Characters that are kept of why somebody refuses."""

_Answers = dict[str, "asyncio.Future[Confirmation]"]
"""Of those who are asked on the event stream, by name."""


class Validators:
    """`settings` are read at each announcement: a reload of the configuration needs nothing else."""

    def __init__(
        self, settings: Callable[[], Sequence[ValidatorSettings]], hub: Hub, wall: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._hub = hub
        self._wall = wall
        self._open: dict[int, _Answers] = {}

    async def confirm(self, announcement: Announcement, within: float) -> tuple[Confirmation, ...]:
        """Announces a change and returns what each of those said whom it concerns, after `within` seconds at most."""
        asked = concerned(announcement, self._settings())
        answers: _Answers = {one.name: asyncio.Future() for one in asked if one.webhook is None}
        self._open[announcement.id] = answers
        try:
            self._announce(announcement)
            return tuple(await asyncio.gather(*(self._ask(one, announcement, answers, within) for one in asked)))
        finally:
            del self._open[announcement.id]

    def answer(self, announcement: int, validator: str, confirmed: bool, because: str, by: str) -> str:
        """What somebody says on the API; returns the sentence to show. Raises UsageError."""
        answers = self._open.get(announcement)
        if answers is None:
            waiting = ", ".join(map(str, sorted(self._open))) or "none"
            raise UsageError(f"no announcement {announcement} waits for confirmation; waiting: {waiting}")
        answer = answers.get(validator)
        if answer is None or answer.cancelled():
            waiting = ", ".join(sorted(name for name, one in answers.items() if not one.done())) or "nobody"
            wrong = f"{validator!r} is not asked to confirm announcement {announcement} here, or not any more"
            raise UsageError(f"{wrong}; waited for: {waiting}")
        if answer.done():
            raise UsageError(f"{validator} has answered announcement {announcement} already: {answer.result().because}")
        said = f"confirmed by {by}" if confirmed else f"refused by {by}: {_bounded(because) or 'no reason given'}"
        answer.set_result(Confirmation(validator=validator, confirmed=confirmed, because=said))
        return f"announcement {announcement} is {said}, for {validator}"

    def _announce(self, announcement: Announcement) -> None:
        removes = f", which takes away {', '.join(announcement.removes)}" if announcement.removes else ""
        sentence = f"{announcement.by} announces a change of {', '.join(announcement.services)}{removes}"
        self._hub.publish(
            Channel.DEPLOYMENT_COORDINATION,
            "announcement",
            _subject(announcement),
            f"{sentence}: {announcement.reason}",
            announcement_json(announcement),
        )

    async def _ask(
        self, validator: ValidatorSettings, announcement: Announcement, answers: _Answers, within: float
    ) -> Confirmation:
        seconds = within if validator.timeout is None else min(validator.timeout, within)
        if validator.webhook is None:
            confirmation = await self._wait_for(validator.name, answers[validator.name], seconds)
        else:
            confirmation = await self._post(validator, validator.webhook, announcement, seconds)
        said = f"confirms: {confirmation.because}" if confirmation.confirmed else f"does not: {confirmation.because}"
        self._hub.publish(
            Channel.VALIDATION_RESULTS,
            "confirmation",
            _subject(announcement),
            f"{validator.name} {said}",
            {"announcement": announcement.id, **confirmation_json(confirmation)},
        )
        return confirmation

    async def _wait_for(self, name: str, answer: asyncio.Future[Confirmation], seconds: float) -> Confirmation:
        await asyncio.wait({answer}, timeout=seconds)
        if answer.done():
            return answer.result()
        answer.cancel()
        return Confirmation(validator=name, confirmed=False, because=f"did not answer within {seconds:g} s")

    async def _post(
        self, validator: ValidatorSettings, url: str, announcement: Announcement, seconds: float
    ) -> Confirmation:
        content = json.dumps(announcement_json(announcement)).encode()
        headers = json_headers(content, int(self._wall()), token=validator.token, secret=validator.secret)
        headers["Accept-Encoding"] = "identity"  # so that the bytes that are counted are those that are read
        try:
            body = await Poster("webhook", url, seconds).request(
                "POST", content=content, headers=headers, at_most=ANSWER_LIMIT
            )
        except DeliveryFailed as failure:
            return Confirmation(validator=validator.name, confirmed=False, because=str(failure))
        confirmed, because = _read(body)
        return Confirmation(validator=validator.name, confirmed=confirmed, because=because)


def _read(body: bytes) -> tuple[bool, str]:
    """What a webhook answered. Only a clear yes is one."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False, "its answer is no JSON; allowed: " + _SHAPE
    match said:
        case {"confirm": True}:
            return True, "confirmed"
        case {"confirm": False}:
            return False, f"refused: {_bounded(str(said.get('because', ''))) or 'no reason given'}"
        case _:
            return False, "its answer neither confirms nor refuses; allowed: " + _SHAPE


_SHAPE: Final = '{"confirm": true} or {"confirm": false, "because": "..."}'


def _bounded(text: str) -> str:
    """On one line."""
    return " ".join(text.split())[:_REASON_LENGTH]


def _subject(announcement: Announcement) -> str:
    return f"deployment {announcement.id}"
