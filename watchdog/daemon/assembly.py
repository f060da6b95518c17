"""Who knows whom in the daemon, group by group; each group is made of those before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from watchdog.alerts.alerter import Alerter
from watchdog.daemon.alerting.notifier import Notifier
from watchdog.daemon.incidents.checks import CheckIncidents
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.background import Background
from watchdog.daemon.observing.check_schedule import CheckProber, CheckScheduler
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.registry import ServiceRegistry
from watchdog.daemon.observing.service_checks import ServiceChecks
from watchdog.daemon.process.own_container import own_container
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.recovering.approvals import Approvals
from watchdog.daemon.recovering.crash_recovery import CrashRecovery
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.recovering.worker import WorkerTools
from watchdog.daemon.recovering.workers import WorkerPool
from watchdog.daemon.state.daemon import DaemonState
from watchdog.ledger import Ledger
from watchdog.recovery.manager import ServiceRecoveryManager
from watchdog.recovery.planner import Planner


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What is written, and who is alerted of it."""

    alerter: Alerter
    journal: Journal
    records: Records
    notifier: Notifier
    incidents: IncidentManager
    check_incidents: CheckIncidents


def build_reporting(state: DaemonState, ledger: Ledger, works: Callable[[], bool]) -> Reporting:
    """`works`: what the dead-man ping says of the daemon."""
    settings, clock = state.settings, state.clock
    directory = settings.state.dir / "alerts"
    alerter = Alerter(settings.alert, directory, state.measures.alerts, ledger, works=works, wall=clock.wall)
    journal = Journal(ledger, clock, state.measures, alerter, state.hub)
    notifier = Notifier(state, journal, alerter.send)
    incidents = IncidentManager(state, journal, notifier, alerter.send)
    return Reporting(
        alerter=alerter,
        journal=journal,
        records=Records(journal),
        notifier=notifier,
        incidents=incidents,
        check_incidents=CheckIncidents(incidents, state.incidents),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Observing:
    """What is seen and asked, and which services there are."""

    background: Background
    scheduler: CheckScheduler
    checks: ServiceChecks
    registry: ServiceRegistry
    containers: ContainerObserver


def build_observing(state: DaemonState, prober: CheckProber, reporting: Reporting) -> Observing:
    background = Background()
    scheduler = CheckScheduler(prober, state.clock, state.measures)
    checks = ServiceChecks(
        state=state,
        scheduler=scheduler,
        incidents=reporting.incidents,
        journal=reporting.journal,
        checks=reporting.check_incidents,
        background=background,
    )
    registry = ServiceRegistry(
        state=state,
        checks=checks,
        check_incidents=reporting.check_incidents,
        incidents=reporting.incidents,
        journal=reporting.journal,
        records=reporting.records,
        background=background,
    )
    containers = ContainerObserver(state, registry, own_container())
    return Observing(
        background=background, scheduler=scheduler, checks=checks, registry=registry, containers=containers
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovering:
    """What is decided and done."""

    manager: ServiceRecoveryManager
    approvals: Approvals
    runner: RecoveryRunner
    crash_recovery: CrashRecovery
    workers: WorkerPool


def build_recovering(
    state: DaemonState,
    ledger: Ledger,
    reporting: Reporting,
    observing: Observing,
    engine_gone: Callable[[str], Awaitable[None]],
) -> Recovering:
    """`engine_gone` is told when the engine went away while something was done on it."""
    clock, journal, records = state.clock, reporting.journal, reporting.records
    manager = ServiceRecoveryManager(
        engine=state.engine,
        ledger=ledger,
        ours=state.own_actions,
        now=clock.now,
        wall=clock.wall,
        concurrency=state.settings.recovery.concurrency,
    )
    approvals = Approvals(state, journal, records, reporting.incidents)
    runner = RecoveryRunner(
        state=state,
        containers=observing.containers,
        journal=journal,
        records=records,
        planner=Planner(state.engine, ledger),
        manager=manager,
        approvals=approvals,
        ask_soon=observing.checks.ask_soon,
        engine_gone=engine_gone,
    )
    tools = WorkerTools(
        state=state,
        containers=observing.containers,
        incidents=reporting.incidents,
        journal=journal,
        records=records,
        runner=runner,
        checks=reporting.check_incidents,
        approvals=approvals,
    )
    return Recovering(
        manager=manager,
        approvals=approvals,
        runner=runner,
        crash_recovery=CrashRecovery(state, journal, records, runner),
        workers=WorkerPool(tools),
    )
