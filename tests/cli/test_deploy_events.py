"""What a person reads of the events of a deployment."""

from __future__ import annotations

from watchdog.cli.deploy_events import lines


def test_that_it_is_rolled_back_and_why_is_said_once() -> None:
    events = (
        {"event": "rollback", "because": "its command ended with code 3"},
        {"event": "stage", "stage": "rolling_back", "sentence": "is rolled back: its command ended with code 3"},
        {"event": "end", "id": 7, "stage": "rolled_back", "sentence": "rolled back: its command ended with code 3; ok"},
    )
    assert [line for event in events for line in lines(event)] == [
        "Rolls back: its command ended with code 3",
        "rolled back: its command ended with code 3; ok; `watchdog deployments 7`",
    ]


def test_an_end_that_needs_a_person_says_so_first() -> None:
    (line,) = lines({"event": "end", "id": 7, "stage": "stuck", "sentence": "it goes no further"})
    assert line.startswith("needs a person: it goes no further")
