"""What a check asks, as people read it, and what its kind says of its failures."""

from __future__ import annotations

import pytest

from watchdog.model.observation import Check
from watchdog.model.question import (
    CheckKind,
    CommandQuestion,
    ExecQuestion,
    HeartbeatQuestion,
    HttpQuestion,
    LogsQuestion,
    PostgresQuestion,
    Question,
    RedisQuestion,
    ResourcesQuestion,
    TcpQuestion,
    TlsQuestion,
)

NETWORK = {CheckKind.HTTP, CheckKind.TCP, CheckKind.TLS, CheckKind.POSTGRES, CheckKind.REDIS}
FOR_PEOPLE = {CheckKind.TLS, CheckKind.LOGS, CheckKind.RESOURCES, CheckKind.HEARTBEAT}


@pytest.mark.parametrize(
    ("question", "kind", "target"),
    [
        (HttpQuestion(url="http://h/"), CheckKind.HTTP, "http://h/"),
        (TcpQuestion(tcp="h:1"), CheckKind.TCP, "h:1"),
        (TlsQuestion(tls="h:1"), CheckKind.TLS, "h:1"),
        (ExecQuestion(exec=("a", "b c")), CheckKind.EXEC, "a 'b c'"),
        (CommandQuestion(command=("a", "b")), CheckKind.COMMAND, "a b"),
        (LogsQuestion(logs="error"), CheckKind.LOGS, "error"),
        (ResourcesQuestion(), CheckKind.RESOURCES, "what its container uses"),
        (HeartbeatQuestion(heartbeat=90.0, token="t" * 16), CheckKind.HEARTBEAT, "a call every 90 s"),
        (PostgresQuestion(postgres="postgresql://h/d", password="p"), CheckKind.POSTGRES, "postgresql://h/d"),  # noqa: S106 - of a test
        (RedisQuestion(redis="redis://h", password="p"), CheckKind.REDIS, "redis://h"),  # noqa: S106 - of a test
    ],
)
def test_a_check_says_what_it_asks_and_of_what_kind_that_is(question: Question, kind: CheckKind, target: str) -> None:
    check = Check(name="c", question=question)
    assert (check.kind, check.target) == (kind, target)
    assert check.over_network is (kind in NETWORK)
    assert kind.for_people is (kind in FOR_PEOPLE)
    assert "password" not in repr(question)
    assert "token" not in repr(question)
