"""Incidents of single checks: those of stand-alone endpoints, and of checks whose failures are for people."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from watchdog.daemon.incidents.certificates import CertificateIndex
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.state.incidents import OpenIncident
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


@dataclass(slots=True)
class CheckIncident:
    """The open incident of a check."""

    number: int
    certificate: str = ""
    """The one that it is about."""
    unheard: bool = False
    """Of an earlier daemon, and not judged since: it may be about a certificate."""


class CheckIncidents:
    """Each is opened once, stays one while its check flaps, and is closed once that is good or asked no more."""

    def __init__(self, incidents: IncidentManager, opened: Mapping[int, OpenIncident]) -> None:
        self._incidents = incidents
        self._opened = opened
        self.presented = CertificateIndex()
        self._known: dict[str, CheckIncident] = {}
        """By subject."""
        self._heard_by: float | None = None
        """When those of an earlier daemon are waited for no more, steady seconds."""
        self._joined: dict[str, str] = {}
        """Subject without an incident of its own → that whose incident is about its certificate."""
        self._settling = asyncio.Lock()

    def restore(self) -> None:
        """Those that an earlier daemon opened, to go on with."""
        ours = [one for one in self._opened.values() if one.incident.subject.startswith((CHECK, ENDPOINT))]
        self._known = {one.incident.subject: CheckIncident(one.id, unheard=True) for one in ours}

    def restored_flaps(self, subject: str) -> Mapping[str, Flaps]:
        """What an earlier daemon knew of a subject that flapped."""
        return self._incidents.restored_flaps.get(subject, {})

    def has(self, subject: str) -> bool:
        return subject in self._known

    async def settle(self, subject: str, stand: CheckStanding, now: float) -> None:
        """Takes note of where a check stands. Raises LedgerError; the next answer tries again."""
        async with self._settling:
            known = self._known.get(subject)
            if known is not None and (stand.failing is not None or stand.good is not None):
                known.unheard = False
            if known is None and await self._is_told_of(subject, stand, now):
                return
            flaps = {subject.rpartition(" ")[2]: stand.flaps}
            flapping = worst(flaps)
            because = flapping.because if flapping is not None else None
            if known is None:
                known = await self._consider(subject, stand, because, now)
            elif stand.good is not None and flapping is None:
                await self._incidents.close(known.number, f"answers again: {stand.good}", now, recovered=True)
                self._forget(subject)
                return
            if known is not None:
                known.certificate = stand.certificate or known.certificate
                await self._incidents.note_flapping(known.number, because, flaps)
                if stand.run is not None:
                    await self._incidents.keep_run(known.number, subject, stand.run)

    async def _is_told_of(self, subject: str, stand: CheckStanding, now: float) -> bool:
        """Whether another's incident is, or may yet turn out to be, about the certificate that it fails over."""
        if not stand.certificate or stand.failing is None:
            self._joined.pop(subject, None)
            return False
        for other, known in self._known.items():
            if known.certificate == stand.certificate:
                if self._joined.get(subject) != other:
                    await self._incidents.note(known.number, subject, f"{stand.failing}: it is the same certificate")
                    self._joined[subject] = other
                return True
        self._heard_by = now + HEARD_WITHIN if self._heard_by is None else self._heard_by
        return now < self._heard_by and any(known.unheard for known in self._known.values())

    def _forget(self, subject: str) -> None:
        """Those that its incident told of are told of by one of their own, if they still fail."""
        del self._known[subject]
        self._joined = {one: other for one, other in self._joined.items() if subject not in {one, other}}

    async def _consider(
        self, subject: str, stand: CheckStanding, flapping: str | None, now: float
    ) -> CheckIncident | None:
        beside = self.presented.beside(subject, stand.certificate)
        others = [one.removeprefix(CHECK).removeprefix(ENDPOINT) for one in beside]
        summary = told_with(stand.failing, others) if stand.failing is not None else flapping
        if summary is None:
            if stand.good is not None:
                self._incidents.recorded(subject, "answers again")
            return None
        number = await self._incidents.of_subject(subject, summary, now, cause=stand.cause)
        self._known[subject] = known = CheckIncident(number)
        return known

    async def drop(self, prefix: str, now: float, kept: Collection[str] = ()) -> None:
        """Closes those whose checks are asked no more: all that begin so, but for these."""
        self.presented.drop(prefix, kept)
        async with self._settling:
            for subject in [one for one in self._known if one.startswith(prefix) and one not in kept]:
                sentence = "nobody asks this check any more"
                await self._incidents.close(self._known[subject].number, sentence, now, recovered=False)
                self._forget(subject)
