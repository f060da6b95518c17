"""What goes on while a deployment is open: who is touched, who is down, and whether anything is proven to be bad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from watchdog.deployments.event_stream import EventStream
from watchdog.deployments.host import DeploymentHost
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.policy.deployment import several, touched
from watchdog.policy.validation import Judgement

LOOKS_EVERY: Final = 0.25
"""Seconds after which it is looked again though nothing was heard."""
AT_LEAST: Final = 0.02
"""Seconds between two looks: among thousands of services something changes all the time."""

Judge = Callable[[ServiceKey, float], Judgement]


class Degraded(Exception):
    """The first proof that a deployment made something worse, a sentence."""


class DegradationMonitor:
    def __init__(self, host: DeploymentHost, deployment: Deployment) -> None:
        self._host = host
        self._deployment = deployment
        self._telling: EventStream | None = None
        self._aborted: str | None = None
        self._woken = asyncio.Event()
        self._judge: Judge | None = None
        self._judged: tuple[ServiceKey, ...] = ()
        self._since = 0.0
        self._down_since: dict[ServiceKey, float] = {}
        self._down_for: dict[ServiceKey, float] = {}
        self.touched: dict[ServiceKey, str] = {}
        """Services of the scope that are, or were, not as before."""

    def abort(self, because: str) -> None:
        if self._aborted is None:
            self._aborted = because
        self._woken.set()

    def begin(self, deployment: Deployment, telling: EventStream) -> None:
        """From now on things change."""
        self._deployment, self._telling = deployment, telling

    def judge(self, keys: Iterable[ServiceKey], judge: Judge) -> None:
        """From now on each of these has to run and be healthy, or be on its way there."""
        self._judged, self._judge, self._since = tuple(keys), judge, self._host.wall()

    def downtime(self) -> dict[str, float]:
        """Seconds for which protected services did not serve since the change began."""
        now = self._host.now()
        total = dict(self._down_for)
        for key, since in self._down_since.items():
            total[key] = total.get(key, 0.0) + now - since
        return {str(key): seconds for key, seconds in total.items()}

    async def run(self) -> None:
        """For ever; raises Degraded."""
        while True:
            self._look()
            waiting = asyncio.create_task(self._host.changed(LOOKS_EVERY))
            woken = asyncio.create_task(self._woken.wait())
            try:
                await asyncio.wait({waiting, woken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
                woken.cancel()
            await asyncio.sleep(AT_LEAST)

    def goes_on(self) -> None:
        """Raises Degraded where somebody has broken it off."""
        if self._aborted is not None:
            raise Degraded(self._aborted)

    def _look(self) -> None:
        self.goes_on()
        if self._telling is None:
            return
        if self._host.away() is None:
            self._note_touched(self._telling)
            self._judge_all()
        self._note_downtime()

    def _note_touched(self, telling: EventStream) -> None:
        deployment = self._deployment
        for key, what in touched(deployment.before, self._host.present(), deployment.scope).items():
            if self.touched.get(key) != what:
                self.touched[key] = what
                telling.tell("touched", service=str(key), sentence=what)
        count, most = several(self.touched), deployment.limits.max_services
        if count > most:
            names = ", ".join(sorted(map(str, self.touched)))
            raise Degraded(f"it touches {count} services ({names}) and may touch {most}: --max-services {count}")

    def _judge_all(self) -> None:
        if self._judge is None:
            return
        for key in self._judged:
            judged = self._judge(key, self._since)
            if judged.passed is False:
                raise Degraded(f"{key}: {judged.because}")

    def _note_downtime(self) -> None:
        now, deployment = self._host.now(), self._deployment
        serving = self._serving()
        retired = {(key.project, key.name) for key in deployment.retire}
        for one in deployment.before:
            key = one.service
            if not (one.good and one.protected) or (key.project, key.name) in retired:
                continue
            if (key.project, key.name) in serving:
                since = self._down_since.pop(key, None)
                if since is not None:
                    self._down_for[key] = self._down_for.get(key, 0.0) + now - since
            else:
                self._down_since.setdefault(key, now)
            down = self._down_for.get(key, 0.0) + now - self._down_since.get(key, now)
            if down > deployment.limits.max_downtime:
                raise Degraded(f"{key} is down for {down:.1f} s, allowed are {deployment.limits.max_downtime:g} s")

    def _serving(self) -> set[tuple[str, str]]:
        """Services, by any of their containers, that serve their users."""
        keys = {one.service for one in self._deployment.before} | self.touched.keys()
        views = (self._host.view(key) for key in keys)
        return {(view.key.project, view.key.name) for view in views if view is not None and view.serves}
