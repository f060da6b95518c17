"""Takes the steps in order; the first that fails is the journey's failure, what cleans up runs all the same."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from watchdog.model.observation import Exchange, StepSeen, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep
from watchdog.policy.journeys import KEPT_FOR_CLEAN_UP, filled
from watchdog.policy.templates import NoValue
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure
from watchdog.probes.context import ProberContext
from watchdog.probes.http import HttpProber
from watchdog.probes.journey.browser import Browser
from watchdog.probes.journey.captures import find
from watchdog.probes.journey.evidence import Heard, exchange
from watchdog.probes.journey.masking import Mask
from watchdog.probes.overdue import LATE, waited_for

_MARGIN: Final = 0.05
"""The part of the time that is kept to tell which step took it."""

_KEPT: Final = 12
"""Of a step's requests those that are evidence: the last ones."""

_KEPT_OF_PASSED: Final = 4


def make(context: ProberContext) -> JourneyProber:
    return JourneyProber(HttpProber(context.trust, context.evaluation))


class JourneyProber:
    def __init__(self, http: HttpProber) -> None:
        self._http = http

    async def __call__(self, ask: Ask[JourneyProbe]) -> str:
        run = _Run(ask, self._http)
        failed: ProbeFailure | None = None
        for step in ask.probe.steps:
            if failed is not None and not step.always_run:
                ask.steps.append(
                    StepSeen(name=step.name, verdict=Verdict.UNKNOWN, reason="not reached", service=step.service)
                )
                continue
            failure = await run.take(step)
            failed = failed or failure
        if failed is not None:
            raise failed
        count = len(ask.probe.steps)
        return f"{count} step{'s' if count > 1 else ''} passed in {ask.seconds:.3g} s"

    async def close(self) -> None:
        await self._http.close()


@dataclass(slots=True)
class _Took:
    heard: list[Heard] = field(default_factory=list[Heard])
    captured: tuple[str, ...] = ()
    attempts: int = 0


class _Run:
    def __init__(self, ask: Ask[JourneyProbe], http: HttpProber) -> None:
        probe = ask.probe
        self._ask = ask
        self._mask = Mask((*probe.secrets.values(), *probe.hidden), probe.redact)
        self._browser = Browser(http, self._mask)
        self._values = dict(probe.secrets)
        usable = ask.seconds_left * (1 - _MARGIN)
        self._ends = time.monotonic() + usable
        cleans_up = any(step.always_run for step in probe.steps)
        self._ends_before_clean_up = self._ends - (usable * KEPT_FOR_CLEAN_UP if cleans_up else 0.0)

    async def take(self, step: JourneyStep) -> ProbeFailure | None:
        """Takes a step, again where it may be; None when it passed."""
        began, took = time.monotonic(), _Took()
        ends = self._ends if step.always_run else self._ends_before_clean_up
        failure: ProbeFailure | None = None
        for attempt in range(step.attempts):
            if attempt and time.monotonic() + step.wait >= ends:
                break
            await asyncio.sleep(step.wait if attempt else 0.0)
            took.attempts += 1
            failure = await self._try(step, took, ends)
            if failure is None:
                break
        verdict = failure.kind.verdict if failure is not None else Verdict.PASS
        reason = self._mask(str(failure)) if failure is not None else "passed"
        self._ask.steps.append(
            StepSeen(
                name=step.name,
                verdict=verdict,
                reason=reason,
                service=step.service,
                seconds=time.monotonic() - began,
                attempts=took.attempts,
                captured=took.captured,
                exchanges=self._evidence(took, brief=failure is None),
            )
        )
        if failure is None:
            return None
        self._ask.evidence["step"] = self._ask.evidence.get("step", step.name)
        return ProbeFailure(failure.kind, f"step {step.name} {_how(failure)}: {reason}")

    def _evidence(self, took: _Took, *, brief: bool) -> tuple[Exchange, ...]:
        kept = took.heard[-(_KEPT_OF_PASSED if brief else _KEPT) :]
        return tuple(exchange(one, self._mask, brief=brief) for one in kept)

    async def _try(self, step: JourneyStep, took: _Took, ends: float) -> ProbeFailure | None:
        """One attempt. What it finds is told with secrets masked."""
        try:
            probe = filled(self._ask.probe, step, self._values)
        except NoValue as missing:
            return ProbeFailure(
                FailureKind.NOT_ASKED, f"there is no value for {{{{ {missing} }}}}: its step captured nothing"
            )
        failure = _unsendable(probe)
        if failure is not None:
            return failure
        left = max(0.0, ends - time.monotonic())
        sub: Ask[HttpProbe] = Ask(replace(self._ask.check, timeout=left), probe, self._ask.at, self._ask.vantage)
        sub.admit()
        self._learn(step, probe)
        try:
            async with asyncio.timeout(left):
                page = await self._browser.visit(sub, took.heard)
                found = await find(sub, step.captures, page, self._browser)
        except TimeoutError:
            return self._overdue(sub, left)
        except ProbeFailure as failure:
            return failure
        finally:
            self._note(sub)
        for name, value in found.items():
            if self._mask.names(name):
                self._mask.add(value)
            self._values |= {name: value, f"{step.name}.{name}": value}
        took.captured = tuple(found)
        return None

    def _learn(self, step: JourneyStep, probe: HttpProbe) -> None:
        """The values of what is sent under a secret's name are secrets."""
        pairs = [*probe.headers.items(), *parse_qsl(urlsplit(probe.url).query)]
        if step.form is not None:
            pairs += parse_qsl(probe.body or "")
        elif step.json is not None:
            pairs += _leaves(json.loads(probe.body or "null"))
        for name, value in pairs:
            if self._mask.names(name):
                self._mask.add(value)

    def _note(self, sub: Ask[HttpProbe]) -> None:
        """What a step learnt is the journey's, too."""
        if "remote" in sub.evidence:
            self._ask.evidence["remote"] = sub.evidence["remote"]
        self._ask.connected = self._ask.connected or sub.connected
        ends = [at for at in (self._ask.tls_not_after, sub.tls_not_after) if at is not None]
        self._ask.tls_not_after = min(ends, default=None)

    def _overdue(self, sub: Ask[HttpProbe], left: float) -> ProbeFailure:
        if sub.seconds > left + LATE:
            return ProbeFailure(
                FailureKind.OWN_DELAY, f"watchdog itself stood still: {left:g} s became {sub.seconds:.1f} s"
            )
        kind, sentence = waited_for(sub, f"before the journey's {self._ask.check.timeout:g} s were over")
        return ProbeFailure(kind, sentence)


def _unsendable(probe: HttpProbe) -> ProbeFailure | None:
    """A captured value is a stranger's: it must not end a header and begin another."""
    for name, value in probe.headers.items():
        if not value.isascii() or not value.isprintable():
            return ProbeFailure(
                FailureKind.CAPTURE, f"the header {name} cannot be sent: a value in it is no printable ASCII"
            )
    return None


def _leaves(value: Any) -> Iterator[tuple[str, str]]:
    """Every text of a value of JSON with the key that it stands under."""
    match value:
        case dict():
            for key, item in cast("dict[str, Any]", value).items():
                if isinstance(item, str):
                    yield key, item
                yield from _leaves(item)
        case list():
            for item in cast("list[Any]", value):
                yield from _leaves(item)
        case _:
            pass


def _how(failure: ProbeFailure) -> str:
    return "fails" if failure.kind.verdict is Verdict.FAIL else "could not be asked"
