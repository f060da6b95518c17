"""What gives way when the ledger cannot be written and a receiver is too slow; and who may overtake whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.alert_values import alert
from watchdog.alerts.memory_queue import MemoryQueue, Unwritten
from watchdog.alerts.retry_queue import RetryQueue
from watchdog.model.alert import FILES, Alert, Notice, Queued
from watchdog.model.record import Severity

IMPORTANCE = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def queued(one: Alert, number: int = 0) -> Queued:
    return Queued(number, Notice(FILES, one))


@given(st.lists(st.tuples(st.sampled_from(Severity), st.booleans()), max_size=40), st.integers(1, 8))
def test_the_least_important_gives_way_first(kinds: list[tuple[Severity, bool]], capacity: int) -> None:
    queue = MemoryQueue(capacity)
    model: list[Alert] = []
    for number, (severity, resolved) in enumerate(kinds):
        one = alert(number, severity, resolved=resolved)
        model.append(one)
        expected = None
        if len(model) > capacity:
            expected = min(model, key=lambda item: (item.resolved, IMPORTANCE[item.severity], item.incident or 0))
            model.remove(expected)
        lost = queue.put(Unwritten(queued(one), behind=0))
        assert (lost.alert if lost else None) == expected
    assert [one.alert for one in queue] == model


def test_a_resolution_stays_when_a_thousand_others_come() -> None:
    queue = MemoryQueue()
    queue.put(Unwritten(queued(alert(0, Severity.INFO, resolved=True)), behind=0))
    for number in range(1, 2000):
        queue.put(Unwritten(queued(alert(number)), behind=0))
    assert len(queue) == 1000
    assert [one.alert.key for one in queue.take(lambda one: one.alert.resolved)] == ["incident-0"]
    assert len(queue) == 999


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.lists(st.booleans(), max_size=30))
def test_what_moves_to_the_back_keeps_its_place_among_those_of_its_key(keys: list[int], moves: list[bool]) -> None:
    waiting = RetryQueue()
    for number, key in enumerate(keys):
        waiting.append(queued(alert(key), number))
    left: list[tuple[int, int]] = []
    for leaves in moves:
        if not waiting:
            break
        if leaves:
            left.append((waiting.head.alert.incident or 0, waiting.head.queued.id))
            waiting.pop()
        else:
            waiting.move_to_back()
    left += [(one.notice.alert.incident or 0, one.id) for one in waiting.clear()]
    assert sorted(left) == sorted((key, number) for number, key in enumerate(keys))
    for key in set(keys):
        own = [number for of, number in left if of == key]
        assert own == sorted(own)
