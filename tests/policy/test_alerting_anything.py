"""Whatever happens in whatever order, whoever is told of something hears of its end, once, and nobody else does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from watchdog.codecs.telling import ALERT_STATE
from watchdog.model.alert import FILES
from watchdog.model.alerting import AlertStage, AlertState, Route
from watchdog.model.record import Severity
from watchdog.policy.alerting import AlertMessage, Case, Telling, due, ended, next_at
from watchdog.policy.holds import About, Hold
from watchdog.policy.routing import Rules

REPEAT = 600.0
WAIT = 30.0
RULES = Rules(
    receivers=("mail", "pager", "boss"),
    routes=(
        Route(receivers=("pager",), severity=Severity.CRITICAL, goes_on=True),
        Route(receivers=("boss",), severity=Severity.CRITICAL, after=900.0),
        Route(receivers=("mail",)),
    ),
    group_wait=WAIT,
    repeat=REPEAT,
    grouped=frozenset({"mail"}),
)
HEIGHT = {AlertStage.WARNING: 1, AlertStage.CRITICAL: 2, AlertStage.HANDED_OVER: 3}


@dataclass
class Heard:
    """What one receiver heard, as it would keep it: by key, how high it is now."""

    fires: dict[str, AlertStage] = field(default_factory=dict[str, AlertStage])
    last_at: dict[str, float] = field(default_factory=dict[str, float])


class Telephones(RuleBasedStateMachine):
    """Incidents come, get worse, are held and end; time passes; the daemon is restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.number = 0
        self.cases: dict[int, Case] = {}
        self.hold: Hold | None = None
        self.heard: dict[str, Heard] = {}
        self.reminders: Counter[tuple[str, str]] = Counter()

    @rule(project=st.sampled_from(["shop", "blog"]))
    def something_breaks(self, project: str) -> None:
        self.number += 1
        about = About(subject=f"{project}/{self.number}", names=(), project=project)
        self.cases[self.number] = Case(
            incident=self.number,
            about=about,
            severity=Severity.WARNING,
            failed_at=self.now,
            detected_at=self.now,
            downtime_allowed=300.0,
            state=AlertState(waits_from=self.now),
        )
        self.look()

    @precondition(lambda self: self.cases)
    @rule(data=st.data(), handed_over=st.booleans())
    def it_gets_worse(self, data: st.DataObject, *, handed_over: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.cases)))
        self.cases[number] = replace(self.cases[number], severity=Severity.CRITICAL, handed_over=handed_over)
        self.look()

    @rule(seconds=st.sampled_from([1.0, WAIT, 200.0, REPEAT, 2 * REPEAT]))
    def time_passes(self, seconds: float) -> None:
        """From one moment at which something may be due to the next."""
        until = self.now + seconds
        while True:
            times = [next_at(case, RULES, self.now) for case in self.held()]
            due_at = min((at for at in times if at is not None), default=until)
            self.now = min(due_at, until)
            self.look()
            if self.now >= until:
                return

    @rule(excuses=st.booleans(), lasts=st.sampled_from([10.0, 1000.0]))
    def somebody_wants_silence(self, *, excuses: bool, lasts: float) -> None:
        self.hold = Hold("silence", self.now + lasts, excuses)
        self.look()

    @rule()
    def the_silence_is_ended(self) -> None:
        self.hold = None
        self.look()

    @precondition(lambda self: self.cases)
    @rule(data=st.data())
    def it_is_good_again(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.cases)))
        (case,) = [case for case in self.held() if case.incident == number]
        others = [other.state for other in self.cases.values() if other.incident != number]
        self.take(ended(case, others, RULES, self.now), ends=number)
        del self.cases[number]

    @precondition(lambda self: self.cases)
    @rule()
    def the_daemon_is_restarted(self) -> None:
        """What it knew is what it wrote."""
        for number, case in self.cases.items():
            self.cases[number] = replace(case, state=ALERT_STATE.load(ALERT_STATE.dump(case.state)))
        self.look()

    def held(self) -> list[Case]:
        if self.hold is not None and self.now >= self.hold.until:
            self.hold = None
        return [replace(case, hold=self.hold) for case in self.cases.values()]

    def look(self) -> None:
        telling = due(self.held(), RULES, self.now)
        self.take(telling)
        assert due(self.held(), RULES, self.now) == Telling(), "the same is due again"

    def take(self, telling: Telling, ends: int | None = None) -> None:
        for message in telling.messages:
            heard = self.heard.setdefault(message.receiver, Heard())
            if message.stage is AlertStage.OVER:
                self._over(message, heard, ends)
            else:
                self._fires(message, heard)
        for number, state in telling.states.items():
            if state is not None:
                self.cases[number] = replace(self.cases[number], state=state)

    def _over(self, message: AlertMessage, heard: Heard, ends: int | None) -> None:
        assert message.incidents == (ends,)
        if message.severity is Severity.INFO:
            assert message.receiver == FILES
            assert message.key == f"info-{ends}"
            assert all(f"incident-{ends}" not in one.fires for one in self.heard.values())
        else:
            assert message.key in heard.fires, "the end of what it never heard of, or for a second time"
            del heard.fires[message.key]

    def _fires(self, message: AlertMessage, heard: Heard) -> None:
        assert message.receiver == FILES or self.hold is None, "told though it is held"
        before = heard.fires.get(message.key)
        if before is message.stage:
            assert self.now - heard.last_at[message.key] >= REPEAT, "told twice"
        elif before is not None:
            assert HEIGHT[message.stage] > HEIGHT[before], "it got better"
        assert message.receiver != "boss" or all(
            self.now - self.cases[number].detected_at >= 900.0 for number in message.incidents
        )
        heard.fires[message.key] = message.stage
        heard.last_at[message.key] = self.now

    @invariant()
    def whatever_fires_somewhere_is_of_something_that_is_broken(self) -> None:
        keys = {key for heard in self.heard.values() for key in heard.fires}
        assert keys == {key for case in self.cases.values() for told in case.state.told.values() for key in told.keys}

    @invariant()
    def the_files_know_all_that_has_waited_long_enough(self) -> None:
        fires = self.heard.get(FILES, Heard()).fires
        for case in self.cases.values():
            if case.severity is Severity.CRITICAL or self.now >= case.state.waits_from + WAIT:
                assert f"incident-{case.incident}" in fires

    @invariant()
    def whoever_must_know_does_as_soon_as_nothing_holds_it(self) -> None:
        for case in self.cases.values():
            if self.hold is None and case.severity is Severity.CRITICAL:
                assert {"mail", "pager"} <= case.state.told.keys()
                assert case.state.told["pager"].stage in {AlertStage.CRITICAL, AlertStage.HANDED_OVER}


TestTelephones = Telephones.TestCase
TestTelephones.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
