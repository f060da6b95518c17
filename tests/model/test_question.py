from __future__ import annotations

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.question import (
    CheckKind,
    CommandQuestion,
    DnsQuestion,
    ExecQuestion,
    HttpQuestion,
    IcmpQuestion,
    LogsQuestion,
    Question,
    ResourcesQuestion,
    TcpQuestion,
    TlsQuestion,
)

QUESTIONS: list[tuple[Question, CheckKind, str]] = [
    (HttpQuestion(url="http://shop/"), CheckKind.HTTP, "http://shop/"),
    (TcpQuestion(tcp="db:5432"), CheckKind.TCP, "db:5432"),
    (TlsQuestion(tls="shop:443"), CheckKind.TLS, "shop:443"),
    (DnsQuestion(dns="shop.test"), CheckKind.DNS, "shop.test"),
    (IcmpQuestion(icmp="10.0.0.1"), CheckKind.ICMP, "10.0.0.1"),
    (ExecQuestion(exec=("pg_isready", "-d", "a b")), CheckKind.EXEC, "pg_isready -d 'a b'"),
    (CommandQuestion(command=("/bin/true",)), CheckKind.COMMAND, "/bin/true"),
    (LogsQuestion(logs="ERROR"), CheckKind.LOGS, "ERROR"),
    (ResourcesQuestion(), CheckKind.RESOURCES, "what its container uses"),
]
FOR_PEOPLE = {CheckKind.TLS, CheckKind.LOGS, CheckKind.RESOURCES}
OVER_NETWORK = {CheckKind.HTTP, CheckKind.TCP, CheckKind.TLS, CheckKind.DNS, CheckKind.ICMP}


@pytest.mark.parametrize(("question", "kind", "target"), QUESTIONS)
def test_each_question_says_its_kind_and_whom_it_asks(question: Question, kind: CheckKind, target: str) -> None:
    check = Check(name="c", question=question)
    assert (check.kind, check.target) == (kind, target)
    assert kind.for_people is (kind in FOR_PEOPLE)


@pytest.mark.parametrize(("question", "kind", "_target"), QUESTIONS)
def test_only_what_goes_over_the_observers_own_network_may_be_its_fault(
    question: Question, kind: CheckKind, _target: str
) -> None:
    assert Check(name="c", question=question).over_network is (kind in OVER_NETWORK)
    assert not Check(name="c", question=question, vantage=ServiceKey("shop", "api")).over_network


def test_there_is_a_question_of_every_kind() -> None:
    assert {kind for _, kind, _ in QUESTIONS} == set(CheckKind)
