"""What gives way when a receiver is too slow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.alert_values import alert
from watchdog.alerts.mailbox import Mailbox
from watchdog.model.alert import Alert
from watchdog.model.record import Severity

IMPORTANCE = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@given(st.lists(st.tuples(st.sampled_from(Severity), st.booleans()), max_size=40), st.integers(1, 8))
async def test_the_least_important_gives_way_first(kinds: list[tuple[Severity, bool]], capacity: int) -> None:
    mailbox = Mailbox(capacity)
    model: list[Alert] = []
    for number, (severity, resolved) in enumerate(kinds):
        one = alert(number, severity, resolved=resolved)
        model.append(one)
        expected = None
        if len(model) > capacity:
            expected = min(model, key=lambda item: (item.resolved, IMPORTANCE[item.severity], item.incident or 0))
            model.remove(expected)
        assert mailbox.put(one) == expected
    assert [await mailbox.take() for _ in range(len(mailbox))] == model


async def test_a_resolution_stays_when_a_thousand_others_come() -> None:
    mailbox = Mailbox()
    mailbox.put(alert(0, Severity.INFO, resolved=True))
    for number in range(1, 2000):
        mailbox.put(alert(number))
    assert len(mailbox) == 1000
    assert (await mailbox.take()).resolved
