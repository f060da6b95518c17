"""What an answer says of the observer's own network: who answers proves sight."""

from __future__ import annotations

import time

import pytest

from watchdog.model.observation import Check
from watchdog.model.probe.http import HttpProbe
from watchdog.probes.ask import Ask, FailureKind
from watchdog.probes.vantage import Vantages

CHECK = Check(name="page", probe=HttpProbe(url="http://shop.example/"))
NOBODY = {FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.OWN_NETWORK}
UNRESOLVED = {FailureKind.DNS, FailureKind.RESOLVER}
ANSWERS = {FailureKind.REFUSED, FailureKind.RESET, FailureKind.STATUS, FailureKind.TLS_EXPIRED, FailureKind.LOGIN}
NOT_ASKED = {FailureKind.OWN_DESCRIPTORS, FailureKind.OWN_DELAY, FailureKind.NOT_ASKED}
ELSEWHERE = ["192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.1", "2001:db8::1"]
HERE = ["127.0.0.1:80", "[::1]:80", "127.0.0.1", "::1", "0.0.0.0:80", "[::ffff:127.0.0.1]:80"]


def reached(kind: FailureKind, remote: str | None = None, *, connected_to: str | None = None) -> bool | None:
    ask = Ask(CHECK, CHECK.probe, time.time(), Vantages(None).host)
    if remote is not None:
        ask.evidence["remote"] = remote
    if connected_to is not None:
        ask.note_connection(connected_to)
    return ask.observe_failure(kind, "because").reached


@pytest.mark.parametrize("remote", ELSEWHERE)
def test_elsewhere_only_what_reaches_nobody_speaks_of_blindness(remote: str) -> None:
    found = {kind: reached(kind, remote) for kind in NOBODY | UNRESOLVED | ANSWERS | NOT_ASKED}
    assert {kind for kind, it in found.items() if it is False} == NOBODY | UNRESOLVED
    assert {kind for kind, it in found.items() if it} == ANSWERS


@pytest.mark.parametrize("remote", HERE)
def test_the_host_itself_says_nothing_of_its_network(remote: str) -> None:
    assert {reached(kind, remote) for kind in NOBODY | ANSWERS | NOT_ASKED} == {None}


def test_a_name_without_an_address_reaches_nobody_whoever_was_asked_for_it() -> None:
    assert {reached(kind, "127.0.0.53:53") for kind in UNRESOLVED} == {False}


def test_who_took_the_connection_and_says_nothing_was_reached() -> None:
    assert reached(FailureKind.TIMEOUT, "192.0.2.1:80", connected_to="192.0.2.1") is True
    assert reached(FailureKind.TIMEOUT, "192.0.2.1:80", connected_to="127.0.0.1") is False
