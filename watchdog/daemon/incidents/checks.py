"""Incidents of single checks: those of stand-alone endpoints, and of checks whose failures are for people."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from watchdog.daemon.incidents.certificates import CertificateIndex
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.state.subjects import CHECK, ENDPOINT
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Observation
from watchdog.policy.certificates import told_with
from watchdog.policy.flapping import Flaps, worst

HEARD_WITHIN: Final = 600.0
"""Seconds for which a certificate waits for the checks that an earlier daemon opened incidents of."""


def subject_of(service: ServiceKey, check: str = "") -> str:
    """The subject of a check of a service; without the check what the subjects of all of them begin with."""
    return f"{CHECK}{service} {check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStanding:
    """What is to be told of a check; a sentence each, None where there is nothing of the kind."""

    failing: str | None = None
    good: str | None = None
    flaps: Flaps = field(default_factory=Flaps)
    cause: Cause = Cause.CHECK_FAILED
    certificate: str = ""
    """Over whose time it fails, which is one incident with all others that fail over the same."""
    run: Observation | None = None
    """The last failing run, where it is a journey."""


class CheckIncidents:
    """Each is opened once, stays one while its check flaps, and is closed once that is good or asked no more."""

    def __init__(self, desk: IncidentManager) -> None:
        self._desk = desk
        self.presented = CertificateIndex()
        self._numbers: dict[str, int] = {}
        self._certificates: dict[str, str] = {}
        """Subject → the certificate that its incident is about."""
        self._unheard: set[str] = set()
        """Subjects of restored incidents that may be about a certificate: they have not been judged since."""
        self._heard_by: float | None = None
        """When they are waited for no more, steady seconds."""
        self._joined: dict[str, str] = {}
        """Subject without an incident of its own → that whose incident is about its certificate."""
        self._settling = asyncio.Lock()

    def restore(self) -> None:
        """Those that an earlier daemon opened, to go on with."""
        subjects = {incident.subject: number for number, incident in self._desk.open.items()}
        ours = [subject for subject in subjects if subject.startswith((CHECK, ENDPOINT))]
        self._numbers = {subject: subjects[subject] for subject in ours}
        self._unheard = set(self._numbers)

    def has(self, subject: str) -> bool:
        return subject in self._numbers

    async def settle(self, subject: str, stand: CheckStanding, now: float) -> None:
        """Takes note of where a check stands. Raises LedgerError; the next answer tries again."""
        async with self._settling:
            number = self._numbers.get(subject)
            if stand.failing is not None or stand.good is not None:
                self._unheard.discard(subject)
            if number is None and await self._is_told_of(subject, stand, now):
                return
            known = {subject.rpartition(" ")[2]: stand.flaps}
            flapping = worst(known)
            because = flapping.because if flapping is not None else None
            if number is None:
                number = await self._consider(subject, stand, because, now)
            elif stand.good is not None and flapping is None:
                await self._desk.close(number, f"answers again: {stand.good}", now, recovered=True)
                self._forget(subject)
                return
            if number is not None:
                self._certificates[subject] = stand.certificate or self._certificates.get(subject, "")
                await self._desk.note_flapping(number, because, known)
                if stand.run is not None:
                    await self._desk.keep_run(number, subject, stand.run)

    async def _is_told_of(self, subject: str, stand: CheckStanding, now: float) -> bool:
        """Whether another's incident is, or may yet turn out to be, about the certificate that it fails over."""
        if not stand.certificate or stand.failing is None:
            self._joined.pop(subject, None)
            return False
        for other, certificate in self._certificates.items():
            if certificate == stand.certificate:
                if self._joined.get(subject) != other:
                    await self._desk.note(self._numbers[other], subject, f"{stand.failing}: it is the same certificate")
                    self._joined[subject] = other
                return True
        self._heard_by = now + HEARD_WITHIN if self._heard_by is None else self._heard_by
        return bool(self._unheard) and now < self._heard_by

    def _forget(self, subject: str) -> None:
        """Those that its incident told of are told of by one of their own, if they still fail."""
        del self._numbers[subject]
        self._certificates.pop(subject, None)
        self._unheard.discard(subject)
        self._joined = {one: other for one, other in self._joined.items() if subject not in {one, other}}

    async def _consider(self, subject: str, stand: CheckStanding, flapping: str | None, now: float) -> int | None:
        beside = self.presented.beside(subject, stand.certificate)
        others = [one.removeprefix(CHECK).removeprefix(ENDPOINT) for one in beside]
        summary = told_with(stand.failing, others) if stand.failing is not None else flapping
        if summary is None:
            if stand.good is not None:
                self._desk.recorded(subject, "answers again")
            return None
        number = await self._desk.of_subject(subject, summary, now, cause=stand.cause)
        self._numbers[subject] = number
        return number

    async def drop(self, prefix: str, now: float, kept: Collection[str] = ()) -> None:
        """Closes those whose checks are asked no more: all that begin so, but for these."""
        self.presented.drop(prefix, kept)
        async with self._settling:
            for subject in [one for one in self._numbers if one.startswith(prefix) and one not in kept]:
                sentence = "nobody asks this check any more"
                await self._desk.close(self._numbers[subject], sentence, now, recovered=False)
                self._forget(subject)
