from __future__ import annotations

import pytest

from watchdog.model.observation import Check
from watchdog.model.question import (
    CheckKind,
    CommandQuestion,
    ExecQuestion,
    HttpQuestion,
    LogsQuestion,
    Question,
    ResourcesQuestion,
    TcpQuestion,
    TlsQuestion,
)

QUESTIONS: dict[CheckKind, tuple[Question, str]] = {
    CheckKind.HTTP: (HttpQuestion(url="http://shop/"), "http://shop/"),
    CheckKind.TCP: (TcpQuestion(tcp="db:5432"), "db:5432"),
    CheckKind.TLS: (TlsQuestion(tls="mail:465"), "mail:465"),
    CheckKind.EXEC: (ExecQuestion(exec=("sh", "-c", "exit 3")), "sh -c 'exit 3'"),
    CheckKind.COMMAND: (CommandQuestion(command=("/bin/ls", "/a b")), "/bin/ls '/a b'"),
    CheckKind.LOGS: (LogsQuestion(logs="ERROR"), "ERROR"),
    CheckKind.RESOURCES: (ResourcesQuestion(), "what its container uses"),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_check_says_what_it_asks_and_of_which_kind_that_is(kind: CheckKind) -> None:
    question, target = QUESTIONS[kind]
    check = Check(name="c", question=question)
    assert (check.kind, check.target) == (kind, target)


def test_only_what_goes_over_the_network_tells_of_the_observer_s_network() -> None:
    asked = {kind for kind in QUESTIONS if Check(name="c", question=QUESTIONS[kind][0]).over_network}
    assert asked == {CheckKind.HTTP, CheckKind.TCP, CheckKind.TLS}


def test_what_no_restart_mends_is_for_people() -> None:
    assert {kind for kind in QUESTIONS if kind.for_people} == {CheckKind.TLS, CheckKind.LOGS, CheckKind.RESOURCES}
