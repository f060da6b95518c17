"""Hears those who call in, and writes down when: soon, and yet a flood of calls is no flood of writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import structlog

from watchdog.daemon.incidents.manager import ENDPOINT
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.errors import LedgerError, UnknownHeartbeat
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.model.record import Kept
from watchdog.policy.heartbeat import Heart, heartbeat_name, may_stay_unwritten

log = structlog.get_logger()

KIND: Final = "heartbeat"
"""Of what the ledger keeps of them."""
SPACING: Final = 1.0
"""Seconds between two looks at a check because of calls, and between two tries to write."""
FORGET_AFTER: Final = 2 * 366 * 86400.0
"""Seconds without a call after which a name that no configuration knows is forgotten."""
LISTED: Final = 20
"""Names that a message lists."""

AskSoon = Callable[[str, str, float], None]
"""Owner and name of a check, and within how many seconds it is to be asked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A check that is called in."""

    check: Check
    probe: HeartbeatProbe
    owner: str
    """As the asker names it."""


class Heartbeats:
    """The daemon's ear for calls. Whoever comes here may call: the API has seen to that."""

    def __init__(self, state: DaemonState, journal: Journal, ask_soon: AskSoon) -> None:
        self._state = state
        self._hearts = state.heartbeats
        self._journal = journal
        self._ask_soon = ask_soon
        self._write_at: dict[str, float] = {}
        """Until then a call of that name may stay unwritten, steady seconds."""
        self._look_at: dict[str, float] = {}
        """When a call of that name last had its check looked at, or will have."""
        self._writing = asyncio.Lock()

    async def restore(self) -> None:
        """Takes up what the ledger keeps and begins to hear. Raises LedgerError."""
        self._hearts.load(await self._journal.ledger.kept(KIND))
        now = self._state.clock.now()
        self._hearts.heard_since = now
        configured = {endpoint.name for endpoint in self._state.settings.endpoints}
        old = [
            name
            for name, heart in self._hearts.known.items()
            if name not in configured and now - max(heart.since, heart.called_at or 0.0) > FORGET_AFTER
        ]
        if old:
            await self._journal.write(kept=[Kept(KIND, name, None) for name in old])
        for name in old:
            self._hearts.forget(name)

    def token(self, name: str) -> str | None:
        """What must be shown to call in over TCP; None where nothing opens that door. Raises UnknownHeartbeat."""
        return self._caller(name).probe.token

    async def call(self, name: str, exit_code: int, message: str) -> str:
        """Hears a call; the sentence for who called. Raises UnknownHeartbeat."""
        caller, now = self._caller(name), self._state.clock.now()
        before = self._hearts.reading(caller.check)
        self._hearts.hear(name, Heart(since=before.heart.since, called_at=now, exit_code=exit_code, message=message))
        self._state.measures.heartbeats[name] += 1
        if self._hearts.reading(caller.check).pulse is not before.pulse:
            self._look_soon(name, caller, now)
        if now >= self._write_at.get(name, 0.0):
            self._write_at[name] = now + may_stay_unwritten(caller.probe.heartbeat)
            await self._write()
        return f"{name} reports that it failed with {exit_code}" if exit_code else f"{name} is heard"

    async def run(self) -> None:
        """Writes what calls left unwritten, for ever."""
        while True:
            await self._hearts.dirty.wait()
            self._hearts.dirty.clear()
            await asyncio.sleep(SPACING)
            now = self._state.clock.now()
            if any(now >= self._write_at.get(name, 0.0) for name in self._hearts.unwritten):
                await self._write()
            if self._hearts.unwritten:
                self._hearts.dirty.set()

    async def finish(self) -> None:
        """Writes all that is not written."""
        await self._write()

    def _look_soon(self, name: str, caller: Caller, now: float) -> None:
        """A call changed what its check says: it is asked, once in `SPACING` at the most."""
        last = self._look_at.get(name, 0.0)
        at = last if last > now else max(now, last + SPACING)
        self._look_at[name] = at
        self._ask_soon(caller.owner, caller.check.name, at - now)

    async def _write(self) -> None:
        """One transaction for all that called meanwhile; what cannot be written is tried again."""
        async with self._writing:
            names, self._hearts.unwritten = self._hearts.unwritten, set[str]()
            if not names:
                return
            try:
                await self._journal.write(kept=[Kept(KIND, name, self._hearts.text(name)) for name in sorted(names)])
            except LedgerError as error:
                self._hearts.unwritten |= names
                log.error(f"calls are heard and cannot be written down: {error}")

    def _caller(self, name: str) -> Caller:
        alone = self._state.services.endpoints.get(name)
        found = [_asked(alone.check, ENDPOINT + name)] if alone is not None else []
        caller = next((one for one in (*found, *self._of_services(name)) if one is not None), None)
        if caller is not None:
            return caller
        names = sorted(self._names())
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        there = ", ".join(names[:LISTED]) + more if names else "none"
        raise UnknownHeartbeat(f"no check is called in as {name[:100]!r}; there are: {there}")

    def _of_services(self, name: str) -> Iterator[Caller | None]:
        try:
            named = self._state.services.known.get(ServiceKey.parse(name.rpartition("/")[0]))
        except ValueError:
            named = None
        for service in [named] if named is not None else self._state.services.known.values():
            for check in service.settings.checks:
                if heartbeat_name(check) == name:
                    yield _asked(check, str(service.key))

    def _names(self) -> Iterator[str]:
        checks = [alone.check for alone in self._state.services.endpoints.values()]
        checks += [check for service in self._state.services.known.values() for check in service.settings.checks]
        return (heartbeat_name(check) for check in checks if isinstance(check.probe, HeartbeatProbe))


def _asked(check: Check, owner: str) -> Caller | None:
    return Caller(check, check.probe, owner) if isinstance(check.probe, HeartbeatProbe) else None
