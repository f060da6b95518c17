"""People's silences: nobody is told of something for a while, whatever is done about it."""

from __future__ import annotations

from typing import Any

import structlog

from watchdog.api.doors import Target
from watchdog.codecs.telling import SILENCE
from watchdog.daemon.alerting.notifier import SILENCES, Notifier
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.subjects import ENDPOINT, ENGINE, OBSERVER
from watchdog.errors import UnknownService, UsageError
from watchdog.model.alerting import Silence, SilenceScope
from watchdog.model.record import EntryKind, Kept
from watchdog.model.snapshot import timestamp
from watchdog.policy.naming import find_service, goes_by

log = structlog.get_logger()

LONGEST = 366 * 86400.0
OTHERS = (ENGINE, OBSERVER)
"""What else has incidents than services and endpoints."""


class Silences:
    """Every silence is in the ledger with who wanted it, and outlives the daemon."""

    def __init__(self, state: DaemonState, alerts: Notifier, journal: Journal) -> None:
        self._state = state
        self._alerts = alerts
        self._journal = journal

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str:
        """Recovery goes on. Raises UsageError, UnknownService or LedgerError."""
        if not 0 < seconds <= LONGEST:
            raise UsageError("a silence needs an end: write how long, as 2h, up to 366 days")
        if not reason.strip():
            raise UsageError("a silence needs a reason")
        scope, name = self._meant(target)
        clock = self._state.clock
        silence = Silence(scope=scope, name=name, until=clock.now() + seconds, reason=reason, by=by)
        ends = timestamp(clock.wall() + seconds)
        sentence = f"{silence.what} is silenced until {ends} by {by}: {reason}"
        await self._write(silence, sentence, SILENCE.dump(silence))
        self._state.operators.silences[silence.key] = silence
        self._alerts.reconsider()
        return f"{sentence} (recovery goes on)"

    async def unsilence(self, target: Target, by: str) -> str:
        """What is still broken is told at once."""
        scope, name = self._meant(target)
        found = [one for one in self._state.operators.silences.values() if (one.scope, one.name) == (scope, name)]
        if not found:
            return f"{Silence(scope=scope, name=name, until=0.0, reason='', by='').what} is not silenced"
        sentence = f"the silence of {found[0].what} is ended by {by}"
        await self._write(found[0], sentence, None)
        self._state.operators.silences.pop(found[0].key, None)
        self._alerts.reconsider()
        return sentence

    def list(self) -> list[dict[str, Any]]:
        """As `docs/api.md` describes them."""
        wall = self._state.clock.wall() - self._state.clock.now()
        return [
            {"what": one.what, "until": timestamp(one.until + wall), "reason": one.reason, "by": one.by}
            for one in sorted(self._state.operators.silences.values(), key=lambda one: one.until)
        ]

    async def _write(self, silence: Silence, sentence: str, value: str | None) -> None:
        entry = self._journal.entry(EntryKind.OPERATOR, silence.what, sentence)
        await self._journal.write(entry, kept=[Kept(SILENCES, silence.key, value)])
        log.info(sentence)

    def _meant(self, target: Target) -> tuple[SilenceScope, str]:
        if target.everything:
            return SilenceScope.ALL, ""
        if target.project is not None:
            projects = tuple(sorted({key.project for key in self._state.services.known if key.project}))
            if target.project not in projects:
                listed = ", ".join(projects) or "none"
                raise UnknownService(f"no project is called {target.project!r}; there are: {listed}", projects)
            return SilenceScope.PROJECT, target.project
        return SilenceScope.SUBJECT, self._subject(target.name or "")

    def _subject(self, name: str) -> str:
        """A service first; what else is called so is meant where no service is."""
        if not any(goes_by(key, name) for key in self._state.services.known):
            endpoint = name.removeprefix(ENDPOINT)
            if endpoint in self._state.services.endpoints:
                return ENDPOINT + endpoint
            if name in OTHERS:
                return name
        return str(find_service(name, self._state.services.known))
