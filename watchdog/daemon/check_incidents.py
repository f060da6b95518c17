"""Incidents of single checks: those of stand-alone endpoints, and of checks whose failures are for people."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from watchdog.daemon.incidents import IncidentDesk
from watchdog.daemon.subjects import CHECK, ENDPOINT
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Observation
from watchdog.policy.flapping import Flaps, worst


def subject_of(service: ServiceKey, check: str = "") -> str:
    """The subject of a check of a service; without the check what the subjects of all of them begin with."""
    return f"{CHECK}{service} {check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What is to be told of a check; a sentence each, None where there is nothing of the kind."""

    failing: str | None = None
    good: str | None = None
    flaps: Flaps = field(default_factory=Flaps)
    cause: Cause = Cause.CHECK_FAILED
    run: Observation | None = None
    """The last failing run, where it is a journey."""


class CheckIncidents:
    """Each is opened once, stays one while its check flaps, and is closed once that is good or asked no more."""

    def __init__(self, desk: IncidentDesk) -> None:
        self._desk = desk
        self._numbers: dict[str, int] = {}
        self._settling = asyncio.Lock()

    def restore(self) -> None:
        """Those that an earlier daemon opened, to go on with."""
        subjects = {incident.subject: number for number, incident in self._desk.open.items()}
        ours = [subject for subject in subjects if subject.startswith((CHECK, ENDPOINT))]
        self._numbers = {subject: subjects[subject] for subject in ours}

    def has(self, subject: str) -> bool:
        return subject in self._numbers

    async def settle(self, subject: str, stand: Stand, now: float) -> None:
        """Takes note of where a check stands. Raises LedgerError; the next answer tries again."""
        async with self._settling:
            number = self._numbers.get(subject)
            known = {subject.rpartition(" ")[2]: stand.flaps}
            flapping = worst(known)
            because = flapping.because if flapping is not None else None
            if number is None:
                number = await self._consider(subject, stand, because, now)
            elif stand.good is not None and flapping is None:
                await self._desk.close(number, f"answers again: {stand.good}", now, recovered=True)
                del self._numbers[subject]
                return
            if number is not None:
                await self._desk.note_flapping(number, because, known)
                if stand.run is not None:
                    await self._desk.keep_run(number, subject, stand.run)

    async def _consider(self, subject: str, stand: Stand, flapping: str | None, now: float) -> int | None:
        summary = stand.failing or flapping
        if summary is None:
            if stand.good is not None:
                self._desk.recorded(subject, "answers again")
            return None
        number = await self._desk.of_subject(subject, summary, now, cause=stand.cause)
        self._numbers[subject] = number
        return number

    async def drop(self, prefix: str, now: float, kept: Collection[str] = ()) -> None:
        """Closes those whose checks are asked no more: all that begin so, but for these."""
        async with self._settling:
            for subject in [one for one in self._numbers if one.startswith(prefix) and one not in kept]:
                sentence = "nobody asks this check any more"
                await self._desk.close(self._numbers[subject], sentence, now, recovered=False)
                del self._numbers[subject]
