"""What follows from how a check is asked, and from what it asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, OnFailure
from watchdog.model.question import HttpQuestion, Question, TcpQuestion, TlsQuestion

QUESTIONS: list[tuple[Question, str]] = [
    (HttpQuestion(url="http://webui/"), "http://webui/"),
    (TcpQuestion(tcp="db:5432"), "db:5432"),
    (TlsQuestion(tls="mail:465"), "mail:465"),
]


@pytest.mark.parametrize(("question", "target"), QUESTIONS)
def test_a_check_is_known_by_what_it_asks(question: Question, target: str) -> None:
    check = Check(name="c", question=question)
    assert check.target == target


@pytest.mark.parametrize("question", [question for question, _ in QUESTIONS])
def test_what_is_asked_from_inside_a_container_says_nothing_of_the_observers_network(question: Question) -> None:
    check = Check(name="c", question=question)
    assert check.over_network
    assert not replace(check, vantage=ServiceKey("shop", "api")).over_network


def test_a_failure_is_for_people_where_it_is_configured_so() -> None:
    check = Check(name="c", question=TcpQuestion(tcp="db:5432"))
    assert not check.for_people
    assert replace(check, on_failure=OnFailure.ALERT).for_people
    assert TlsQuestion.for_people
    assert not HttpQuestion.for_people
