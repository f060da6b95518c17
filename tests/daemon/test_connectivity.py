"""What is remembered of who sees is never anything else than what a look at all checks finds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from watchdog.daemon.state.connectivity import KNOWN_FOR, ConnectivityMonitor
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.inside import ExecProbe
from watchdog.model.probe.network import TcpProbe

WEB, API, BLOG = ServiceKey("shop", "web"), ServiceKey("shop", "api"), ServiceKey("blog", "web")
CHECKS = (
    Check(name="page", probe=TcpProbe(tcp="192.0.2.1:80")),
    Check(name="inside", probe=ExecProbe(exec=("true",))),
)
NAMES, KEYS = st.sampled_from(["alone", "needs api"]), st.sampled_from([WEB, BLOG])
ANSWERS = st.builds(
    Observation,
    check=st.just("any"),
    at=st.just(0.0),
    verdict=st.sampled_from(Verdict),
    reason=st.just("because"),
    reached=st.sampled_from([True, False, None]),
)

FAILS = Observation(check="any", at=0.0, verdict=Verdict.FAIL, reason="because", reached=False)


@dataclass
class Answered:
    last: Observation


@dataclass
class Endpoint:
    check: Check
    streak: Answered


@dataclass
class ServiceState:
    key: ServiceKey
    fine: bool = True
    streaks: dict[str, Answered] = field(default_factory=dict[str, Answered])
    settings: Any = field(default_factory=lambda: SimpleNamespace(checks=CHECKS))

    def runs_well(self, _now: float) -> bool:
        return self.fine


@dataclass
class DaemonState:
    """As much of the daemon's as is looked at."""

    seconds: float = 0.0
    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    known: dict[ServiceKey, ServiceState] = field(default_factory=dict[ServiceKey, ServiceState])

    @property
    def services(self) -> Any:
        return SimpleNamespace(
            clock=SimpleNamespace(now=lambda: self.seconds), known=self.known, endpoints=self.endpoints
        )

    def graph(self) -> Any:
        return {WEB: frozenset({API})}

    def needed(self, check: Check) -> frozenset[ServiceKey]:
        return frozenset({API}) if check.name == "needs api" else frozenset()


def monitor(state: DaemonState) -> ConnectivityMonitor:
    return ConnectivityMonitor(state.services, cast("Any", state))


class Remembering(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state = DaemonState()
        self.monitor = monitor(self.state)

    @rule(name=NAMES, after=ANSWERS)
    def an_endpoint_answers(self, name: str, after: Observation) -> None:
        known = self.state.endpoints.get(name)
        if known is None:
            probe = TcpProbe(tcp=f"{name.partition(' ')[0]}:80")
            self.state.endpoints[name] = Endpoint(Check(name=name, probe=probe), Answered(after))
            self.monitor.note(CHECKS[0], None, after)
        else:
            before, known.streak = known.streak.last, Answered(after)
            self.monitor.note(CHECKS[0], before, after)

    @rule(key=KEYS, check=st.sampled_from(CHECKS), after=ANSWERS)
    def a_service_answers(self, key: ServiceKey, check: Check, after: Observation) -> None:
        streaks = self.state.known.setdefault(key, ServiceState(key)).streaks
        before = streaks[check.name].last if check.name in streaks else None
        streaks[check.name] = Answered(after)
        self.monitor.note(check, before, after)

    @rule(seer=KEYS)
    def all_fail_but_one(self, seer: ServiceKey) -> None:
        for name in ("alone", "needs api"):
            self.an_endpoint_answers(name, FAILS)
        for key in (WEB, BLOG):
            self.a_service_answers(
                key, CHECKS[0], replace(FAILS, verdict=Verdict.PASS, reached=True) if key == seer else FAILS
            )

    @rule(key=KEYS, fine=st.booleans())
    def a_container_changes(self, key: ServiceKey, fine: bool) -> None:
        self.state.known.setdefault(key, ServiceState(key)).fine = fine
        self.time_goes_by()

    @rule(key=KEYS)
    def a_service_is_another(self, key: ServiceKey) -> None:
        self.state.known[key] = ServiceState(key)
        self.time_goes_by()

    @rule(key=KEYS, asked=st.booleans())
    def a_check_is_configured_or_no_more(self, key: ServiceKey, asked: bool) -> None:
        watched = self.state.known.setdefault(key, ServiceState(key))
        watched.settings = SimpleNamespace(checks=CHECKS if asked else CHECKS[1:])
        self.time_goes_by()

    @rule(name=NAMES)
    def an_endpoint_is_forgotten(self, name: str) -> None:
        self.state.endpoints.pop(name, None)
        self.time_goes_by()

    def time_goes_by(self) -> None:
        self.state.seconds += KNOWN_FOR

    @invariant()
    def it_says_what_a_look_at_all_says(self) -> None:
        at_first_sight = monitor(self.state).common_cause()
        assert self.monitor.common_cause() == at_first_sight


TestRemembering = Remembering.TestCase
