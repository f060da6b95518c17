"""What the daemon of the recorded day watches, and what its checks hear."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.alert_scene import BEGAN, HOUR, MAIL
from watchdog.daemon.state.clock import Clock
from watchdog.model.alert import Alert
from watchdog.model.alerting import Maintenance, Once
from watchdog.model.api import ApiSettings
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Exchange, Observation, OnFailure, StepSeen, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.inside import ResourcesProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep
from watchdog.model.probe.network import TcpProbe
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.model.record import Rung
from watchdog.model.settings import (
    AlertSettings,
    EngineSettings,
    HealthSettings,
    RecoverySettings,
    ServiceSettings,
    Settings,
    StateSettings,
)
from watchdog.model.validator import ValidatorSettings

DAY = 24 * HOUR
TEXT = "text/plain; charset=utf-8"
SERVICES = ("api", "batch", "blog", "cache", "db", "job", "mailer", "old", "safe", "vault", "webui")
HEALTH = HealthSettings(soak=5.0, stable=1.0)
OFFICE = JourneyProbe(
    base="http://shop/",
    steps=(
        JourneyStep(name="login", request=HttpProbe(url="http://shop/login"), service=ServiceKey("shop", "webui")),
        JourneyStep(name="orders", request=HttpProbe(url="http://shop/orders")),
    ),
    services=(ServiceKey("shop", "webui"),),
)
ENDPOINTS = (
    Check(name="page", probe=HttpProbe(url="http://shop/"), endpoint=True, interval=10.0, retry_interval=5.0),
    Check(name="port", probe=TcpProbe(tcp="shop:5432"), endpoint=True, service=ServiceKey("shop", "db")),
    Check(name="backup", probe=HeartbeatProbe(heartbeat=DAY, token="t0ken"), endpoint=True),  # noqa: S106 - of the tests
)


def settings(directory: Path) -> Settings:
    asking = RecoverySettings(approval=frozenset({Rung.RECREATE}), approval_expires=DAY)
    used = Check(name="resources", probe=ResourcesProbe(), on_failure=OnFailure.ALERT)
    owned = ServiceSettings(health=HEALTH, owner="ada@example.org", runbook="https://wiki/webui", checks=(used,))
    return Settings(
        engine=EngineSettings(settle=0.0),
        health=HEALTH,
        api=ApiSettings(port=0, socket=directory / "run" / "watchdog.sock"),
        state=StateSettings(dir=directory / "state", run_dir=directory / "run"),
        alert=AlertSettings(receivers=(MAIL,)),
        services=(
            (ServiceKey("shop", "safe"), ServiceSettings(health=HEALTH, recovery=asking)),
            (ServiceKey("shop", "vault"), ServiceSettings(health=HEALTH, recovery=asking)),
            (ServiceKey("shop", "webui"), replace(owned, depends_on=("db",))),
        ),
        endpoints=ENDPOINTS,
        journeys=(Check(name="office", probe=OFFICE, on_failure=OnFailure.ALERT, interval=30.0),),
        maintenance=(Maintenance(name="night", when=Once(begins=BEGAN, ends=BEGAN + 2 * DAY), services=("batch",)),),
        validators=(ValidatorSettings(name="night shift", services=("shop/blog",)),),
    )


@dataclass
class Answers:
    """A prober whose answers have everything that an answer may have."""

    clock: Clock
    verdicts: dict[str, Verdict] = field(default_factory=dict[str, Verdict])

    async def ask(self, check: Check) -> Observation:
        verdict, at = self.verdicts.get(check.name, Verdict.PASS), self.clock.wall()
        seen = Observation(check=check.name, at=at, verdict=verdict, reason=f"it is a {verdict}", seconds=0.25)
        match check.name:
            case "page":
                phases = {"resolve": 0.001, "connect": 0.002, "processing": 0.25}
                evidence = {"http_status": 200 if verdict is Verdict.PASS else 502}
                return replace(seen, phases=phases, tls_not_after=BEGAN + 90 * DAY, evidence=evidence)
            case "office":
                return replace(seen, steps=self._steps(verdict))
            case "resources":
                used = {"memory_bytes": 1000, "memory_limit_bytes": 4000, "cpu_seconds": 2.5}
                return replace(seen, evidence=used)
            case _:
                return seen

    def _steps(self, verdict: Verdict) -> tuple[StepSeen, ...]:
        exchange = Exchange(
            method="POST",
            url="http://shop/login",
            sent={"accept": "*/*"},
            body="user=ada",
            status=403,
            received={"server": "shop"},
            answer="no",
            seconds=0.125,
        )
        login = StepSeen(
            name="login",
            verdict=verdict,
            reason=f"it is a {verdict}",
            service=ServiceKey("shop", "webui"),
            seconds=0.125,
            attempts=1,
            captured=("csrf",),
            exchanges=(exchange,),
        )
        return login, StepSeen(name="orders", verdict=Verdict.UNKNOWN, reason="not reached")

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""


@dataclass
class Taker:
    """A receiver that takes everything in no time."""

    async def deliver(self, alert: Alert, told: Alert | None) -> None:
        """It is remembered where it was queued."""
