"""The gates: each asks anew what it has to prove, and comes back with its proofs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable
from typing import Final

from watchdog.deployments.premises import Premises
from watchdog.errors import EngineError, OutOfReach
from watchdog.model.deployment import Gate, GateResult, Proof, Scope
from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.model.inside import Disk
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.record import Desired
from watchdog.policy.assess import CERTIFICATE_CLASSES
from watchdog.policy.naming import goes_by
from watchdog.policy.validation import Judgement, answer, infrastructure

AT_MOST_EVERY: Final = 1.0
"""Seconds between two failures of a check that count: a deployment waits for the answer."""
ASKED_EVERY: Final = 0.1
"""Seconds between two questions of a check that is in doubt: that it passes is to be noticed at once."""
JUST_STARTED: Final = 10.0
"""Seconds; what this host remembers of a container's addresses is of use again after that."""
FEWEST_FREE: Final = 512 << 20
"""Bytes that have to be free on each disk."""
FREE_SHARE: Final = 0.05
DAY: Final = 86_400.0


Asked = tuple[Check, ServiceKey | None]
"""A check, with the service whose it is."""


class Gates:
    """Raises EngineUnavailable where the engine goes away meanwhile; what cannot be judged does not pass."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    async def preflight(self, excused: Collection[str]) -> GateResult:
        """Engine, disks, certificates, open incidents, and every protected service."""
        began = self._premises.now()
        proofs = [await self._engine()]
        if proofs[0].passed:
            proofs += await self._disks()
            proofs += self._certificates(excused)
            proofs += self._incidents(excused)
            proofs += self._protected(excused)
        return self._result(Gate.PREFLIGHT, proofs, began)

    async def infrastructure(self, keys: Iterable[ServiceKey], *, whole: bool = False) -> GateResult:
        """Every one of these services runs, and is healthy where it has a health check."""
        began = self._premises.now()
        await self._premises.look()
        keys = list(keys)
        proofs = await _side_by_side((self._runs(key) for key in keys), whole=whole)
        await self._ease(keys)
        return self._result(Gate.INFRASTRUCTURE, proofs, began)

    async def checks(self, gate: Gate, checks: Iterable[Asked], *, whole: bool = False) -> GateResult:
        """Every one of these checks passes, asked now."""
        began = self._premises.now()
        proofs = await _side_by_side((self._answers(check, key) for check, key in checks), whole=whole)
        return self._result(gate, proofs, began)

    def questions(self, gate: Gate, scope: Scope, keys: Collection[ServiceKey]) -> list[Asked]:
        """What a gate asks about these services: what belongs to them or needs them, or says nothing about that."""
        premises = self._premises
        alone = [
            (one.check, None)
            for one in premises.alone()
            if not one.needs or any(scope.covers(key) for key in one.needs)
        ]
        match gate:
            case Gate.APPLICATION:
                stands = [(key, stand) for key in keys if (stand := premises.stand(key)) is not None]
                own = [(check, key) for key, stand in stands for check in stand.settings.checks]
                return [one for one in own if not isinstance(one[0].probe, JourneyProbe)]
            case Gate.JOURNEYS:
                ours = [check for check in premises.journeys() if any(premises.concerns(check, key) for key in keys)]
                free = [one for one in alone if isinstance(one[0].probe, JourneyProbe)]
                return [*((check, None) for check in ours), *free]
            case _:
                return [one for one in alone if not isinstance(one[0].probe, JourneyProbe)]

    def judge(self, key: ServiceKey, since: float) -> Judgement:
        """Of one service, by what the engine last said; `since` is Unix seconds."""
        stand = self._premises.stand(key)
        container = stand.container if stand is not None else None
        patience = stand.settings.recovery.verify_timeout if stand is not None else 0.0
        return infrastructure(container, since=since, wall=self._premises.wall(), patience=patience)

    async def once(self, gate: Gate, checks: Iterable[Asked]) -> GateResult:
        """What each of these checks answers now, all of them."""
        began = self._premises.now()

        async def ask(check: Check, key: ServiceKey | None) -> Proof:
            last = await self._premises.ask(check)
            return Proof(self.subject(check, key), passed=last.verdict is Verdict.PASS, sentence=last.reason)

        proofs = await asyncio.gather(*(ask(check, key) for check, key in checks))
        return self._result(gate, proofs, began)

    @staticmethod
    def subject(check: Check, key: ServiceKey | None) -> str:
        """What a proof of this check is called."""
        return f"{key} {check.name}" if key is not None else check.name

    async def _ease(self, keys: Iterable[ServiceKey]) -> None:
        """What was started just now, by whomever, is asked next."""
        premises = self._premises
        since = premises.wall() - JUST_STARTED
        found = [stand.container for key in keys if (stand := premises.stand(key)) is not None]
        fresh = [one.id for one in found if one is not None and one.running and (one.started_at or 0.0) > since]
        await asyncio.gather(*map(premises.engine.forget_addresses, fresh))

    async def _runs(self, key: ServiceKey) -> Proof:
        since = self._premises.wall()
        while (judged := self.judge(key, since)).passed is None:
            await self._premises.changed(AT_MOST_EVERY)
        return Proof(str(key), passed=judged.passed, sentence=judged.because)

    async def _answers(self, check: Check, key: ServiceKey | None) -> Proof:
        """Asked until it is proven either way. Failures count at the check's own distance only."""
        premises, failed = self._premises, 0
        since = premises.wall()
        apart, counts_at = min(check.retry_interval, AT_MOST_EVERY), premises.now()
        while True:
            last = await premises.ask(check)
            if last.verdict is not Verdict.FAIL:
                failed = 0
            elif premises.now() >= counts_at:
                failed, counts_at = failed + 1, premises.now() + apart
            stand = premises.stand(key) if key is not None else None
            judged = answer(
                check,
                last,
                failed,
                stand.container if stand is not None else None,
                since=since,
                wall=premises.wall(),
                patience=stand.settings.recovery.verify_timeout if stand is not None else check.timeout,
            )
            if judged.passed is not None:
                return Proof(self.subject(check, key), passed=judged.passed, sentence=judged.because)
            await asyncio.sleep(min(apart, ASKED_EVERY))

    async def _engine(self) -> Proof:
        away = self._premises.away()
        if away is not None:
            return Proof("engine", passed=False, sentence=away)
        try:
            identity = await self._premises.engine.identify()
        except EngineError as error:
            return Proof("engine", passed=False, sentence=str(error))
        return Proof("engine", passed=True, sentence=f"answers, version {identity.version}")

    async def _disks(self) -> list[Proof]:
        try:
            disks = await self._premises.engine.disks(())
        except OutOfReach:
            return []  # those of another machine: nothing is claimed about them
        except EngineError as error:
            return [Proof("disks", passed=False, sentence=str(error))]
        return [_disk(disk) for disk in disks]

    def _certificates(self, excused: Collection[str]) -> list[Proof]:
        premises, found = self._premises, list[Proof]()
        own = [(check, key) for key, stand in premises.services().items() for check in stand.settings.checks]
        for check, key in [*own, *((one.check, None) for one in premises.alone())]:
            last = premises.last_of(check)
            if last is None or last.tls_not_after is None or _excuses(excused, check.name, key):
                continue
            days = (last.tls_not_after - premises.wall()) / DAY
            bad = last.evidence.get("class") in CERTIFICATE_CLASSES or days <= 0
            sentence = last.reason if bad else f"its certificate is good for {days:.0f} days"
            found.append(Proof(f"certificate of {self.subject(check, key)}", passed=not bad, sentence=sentence))
        return found

    def _incidents(self, excused: Collection[str]) -> list[Proof]:
        """Those of protected services are told with them."""
        services = {str(key) for key in self._premises.services()}
        return [
            Proof(incident.subject, passed=False, sentence=f"incident {incident.id} is open: {incident.summary}")
            for incident in self._premises.incidents()
            if incident.subject not in services and not _excuses(excused, incident.subject.rpartition(" ")[2], None)
        ]

    def _protected(self, excused: Collection[str]) -> list[Proof]:
        return [
            Proof(str(key), passed=stand.seen is not None and stand.seen.serves, sentence=_reason(stand.seen))
            for key, stand in self._premises.services().items()
            if stand.record.desired is Desired.UP and not _excuses(excused, "", key)
        ]

    def _result(self, gate: Gate, proofs: Iterable[Proof], began: float) -> GateResult:
        return GateResult(gate=gate, proofs=tuple(proofs), seconds=self._premises.now() - began)


def _excuses(excused: Collection[str], name: str, key: ServiceKey | None) -> bool:
    return name in excused or (key is not None and any(goes_by(key, one) for one in excused))


def _reason(seen: Assessment | None) -> str:
    return f"{seen.health.value}: {seen.reason}" if seen is not None else "was not looked at yet"


def _disk(disk: Disk) -> Proof:
    enough = disk.free >= FEWEST_FREE and disk.free >= FREE_SHARE * disk.size
    sentence = f"{disk.free / (1 << 30):.1f} of {disk.size / (1 << 30):.1f} GiB are free"
    if not enough:
        sentence += f"; {FREE_SHARE:.0%} and {FEWEST_FREE >> 20} MiB are the least"
    return Proof(f"disk of {disk.path}", passed=enough, sentence=sentence)


async def _side_by_side(proofs: Iterable[Awaitable[Proof]], *, whole: bool) -> list[Proof]:
    """The first that fails is enough, unless the `whole` is wanted: what is not known by then is left out."""
    order = [asyncio.ensure_future(proof) for proof in proofs]
    asking = set(order)
    try:
        while asking:
            done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            if not whole and any(not one.result().passed for one in done):
                break
    finally:
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return [one.result() for one in order if one.done() and not one.cancelled()]
