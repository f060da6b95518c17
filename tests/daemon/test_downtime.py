"""From when on a service counts as down, as far as telling people goes."""

from __future__ import annotations

from tests.support.fake_engine import FakeEngine
from watchdog.daemon.alerting.alert_inputs import down_since
from watchdog.daemon.oneshot import LedgerCopy
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.incidents import opened
from watchdog.daemon.state.service import ServiceState
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Incident, ServiceRecord, Severity
from watchdog.model.settings import ServiceSettings, Settings

WEB, DB = ServiceKey("shop", "web"), ServiceKey("shop", "db")
INCIDENT = Incident(
    id=7,
    subject="shop/web",
    cause=Cause.CRASHED,
    severity=Severity.WARNING,
    summary="it exited with code 1; it failed while shop/db was down",
    failed_at=100.0,
    detected_at=101.0,
)
OPENED = opened(INCIDENT, failed_at=100.0, detected_at=101.0)


def _world(*, blamed: ServiceKey | None, root_good_at: float | None) -> DaemonState:
    state = DaemonState(settings=Settings(), clock=Clock(), engine=FakeEngine(now=lambda: 0.0), ledger=LedgerCopy())
    watched = ServiceState(key=WEB, settings=ServiceSettings(), record=ServiceRecord(service=WEB))
    watched.course.attributed_to, watched.signals.roots_good_at = blamed, root_good_at
    state.services.known[WEB] = watched
    return state


def test_what_failed_by_itself_is_down_since_then() -> None:
    assert down_since(_world(blamed=None, root_good_at=500.0), OPENED) == 100.0


def test_what_waited_for_its_root_is_down_by_itself_since_that_one_is_good() -> None:
    assert down_since(_world(blamed=DB, root_good_at=500.0), OPENED) == 500.0
    assert down_since(_world(blamed=DB, root_good_at=50.0), OPENED) == 100.0
    assert down_since(_world(blamed=DB, root_good_at=None), OPENED) == 100.0
