"""What follows from how a check is asked, and from what it asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, OnFailure
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.network import TcpProbe, TlsProbe

PROBES: list[tuple[Probe, str]] = [
    (HttpProbe(url="http://webui/"), "http://webui/"),
    (TcpProbe(tcp="db:5432"), "db:5432"),
    (TlsProbe(tls="mail:465"), "mail:465"),
]


@pytest.mark.parametrize(("probe", "target"), PROBES)
def test_a_check_is_known_by_what_it_asks(probe: Probe, target: str) -> None:
    check = Check(name="c", probe=probe)
    assert check.target == target


@pytest.mark.parametrize("probe", [probe for probe, _ in PROBES])
def test_what_is_asked_from_inside_a_container_says_nothing_of_the_observers_network(probe: Probe) -> None:
    check = Check(name="c", probe=probe)
    assert check.over_network
    assert not replace(check, vantage=ServiceKey("shop", "api")).over_network


def test_a_failure_is_for_people_where_it_is_configured_so() -> None:
    check = Check(name="c", probe=TcpProbe(tcp="db:5432"))
    assert not check.for_people
    assert replace(check, on_failure=OnFailure.ALERT).for_people
    assert TlsProbe.for_people
    assert not HttpProbe.for_people
