"""What a check asks, as people read it, and what its kind says of its failures."""

from __future__ import annotations

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.question import (
    CommandQuestion,
    DnsQuestion,
    ExecQuestion,
    HeartbeatQuestion,
    HttpQuestion,
    IcmpQuestion,
    JourneyQuestion,
    JourneyStep,
    LogsQuestion,
    PostgresQuestion,
    Question,
    RedisQuestion,
    ResourcesQuestion,
    TcpQuestion,
    TlsQuestion,
    services_of,
)
from watchdog.model.settings import Settings

STEP = JourneyStep(name="front", request=HttpQuestion(url="http://shop/"))
QUESTIONS: list[tuple[Question, str, str]] = [
    (HttpQuestion(url="http://shop/"), "http", "http://shop/"),
    (TcpQuestion(tcp="db:5432"), "tcp", "db:5432"),
    (TlsQuestion(tls="shop:443"), "tls", "shop:443"),
    (DnsQuestion(dns="shop.test"), "dns", "shop.test"),
    (IcmpQuestion(icmp="10.0.0.1"), "icmp", "10.0.0.1"),
    (ExecQuestion(exec=("pg_isready", "-d", "a b")), "exec", "pg_isready -d 'a b'"),
    (CommandQuestion(command=("/bin/true",)), "command", "/bin/true"),
    (LogsQuestion(logs="ERROR"), "logs", "ERROR"),
    (ResourcesQuestion(), "resources", "what its container uses"),
    (HeartbeatQuestion(heartbeat=90.0, token="t" * 16), "heartbeat", "a call every 90 s"),
    (PostgresQuestion(postgres="postgresql://h/d", password="p"), "postgres", "postgresql://h/d"),  # noqa: S106 - of a test
    (JourneyQuestion(steps=(STEP,)), "journey", "http://shop/"),
    (JourneyQuestion(steps=(STEP,), base="https://shop"), "journey", "https://shop"),
    (RedisQuestion(redis="redis://h", password="p"), "redis", "redis://h"),  # noqa: S106 - of a test
]
FOR_PEOPLE = {"tls", "logs", "resources", "heartbeat"}
DATABASES = {"postgres", "redis"}
OVER_NETWORK = {
    "http",
    "tcp",
    "tls",
    "dns",
    "icmp",
    "journey",
} | DATABASES


@pytest.mark.parametrize(("question", "kind", "target"), QUESTIONS)
def test_each_question_says_its_kind_and_whom_it_asks(question: Question, kind: str, target: str) -> None:
    check = Check(name="c", question=question)
    assert (question.kind, check.target) == (kind, target)
    assert question.for_people is (kind in FOR_PEOPLE)
    assert "password" not in repr(question)
    assert "token" not in repr(question)


@pytest.mark.parametrize(("question", "kind", "_target"), QUESTIONS)
def test_only_what_goes_over_the_observers_own_network_may_be_its_fault(
    question: Question, kind: str, _target: str
) -> None:
    assert Check(name="c", question=question).over_network is (kind in OVER_NETWORK)
    assert not Check(name="c", question=question, vantage=ServiceKey("shop", "api")).over_network


def test_a_journey_alone_belongs_to_services_and_the_others_stand_with_the_endpoints_that_do_not() -> None:
    shop = ServiceKey("shop", "webui")
    of_shop = Check(name="login", question=JourneyQuestion(steps=(STEP,), services=(shop,)))
    of_nobody = Check(name="front", question=JourneyQuestion(steps=(STEP,)))
    page = Check(name="page", question=HttpQuestion(url="http://shop/"), endpoint=True)
    of_service = Check(name="ready", question=HttpQuestion(url="http://shop/"), endpoint=True, service=shop)
    settings = Settings(endpoints=(page, of_service), journeys=(of_shop, of_nobody))
    assert (services_of(of_shop.question), services_of(page.question)) == ((shop,), ())
    assert settings.alone == (page, of_nobody)
    assert settings.journeys_of_services == (of_shop,)
