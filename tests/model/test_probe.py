"""What a check asks, as people read it, and what its kind says of its failures."""

from __future__ import annotations

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.inside import CommandProbe, ExecProbe, LogsProbe, ResourcesProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep, services_of
from watchdog.model.probe.network import DnsProbe, IcmpProbe, TcpProbe, TlsProbe
from watchdog.model.probe.reports import HeartbeatProbe, PostgresProbe, RedisProbe
from watchdog.model.settings import Settings

STEP = JourneyStep(name="front", request=HttpProbe(url="http://shop/"))
PROBES: list[tuple[Probe, str, str]] = [
    (HttpProbe(url="http://shop/"), "http", "http://shop/"),
    (TcpProbe(tcp="db:5432"), "tcp", "db:5432"),
    (TlsProbe(tls="shop:443"), "tls", "shop:443"),
    (DnsProbe(dns="shop.test"), "dns", "shop.test"),
    (IcmpProbe(icmp="10.0.0.1"), "icmp", "10.0.0.1"),
    (ExecProbe(exec=("pg_isready", "-d", "a b")), "exec", "pg_isready -d 'a b'"),
    (CommandProbe(command=("/bin/true",)), "command", "/bin/true"),
    (LogsProbe(logs="ERROR"), "logs", "ERROR"),
    (ResourcesProbe(), "resources", "what its container uses"),
    (HeartbeatProbe(heartbeat=90.0, token="t" * 16), "heartbeat", "a call every 90 s"),
    (PostgresProbe(postgres="postgresql://h/d", password="p"), "postgres", "postgresql://h/d"),  # noqa: S106 - of a test
    (JourneyProbe(steps=(STEP,)), "journey", "http://shop/"),
    (JourneyProbe(steps=(STEP,), base="https://shop"), "journey", "https://shop"),
    (RedisProbe(redis="redis://h", password="p"), "redis", "redis://h"),  # noqa: S106 - of a test
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


@pytest.mark.parametrize(("probe", "kind", "target"), PROBES)
def test_each_question_says_its_kind_and_whom_it_asks(probe: Probe, kind: str, target: str) -> None:
    check = Check(name="c", probe=probe)
    assert (probe.kind, check.target) == (kind, target)
    assert probe.for_people is (kind in FOR_PEOPLE)
    assert "password" not in repr(probe)
    assert "token" not in repr(probe)


@pytest.mark.parametrize(("probe", "kind", "_target"), PROBES)
def test_only_what_goes_over_the_observers_own_network_may_be_its_fault(probe: Probe, kind: str, _target: str) -> None:
    assert Check(name="c", probe=probe).over_network is (kind in OVER_NETWORK)
    assert not Check(name="c", probe=probe, vantage=ServiceKey("shop", "api")).over_network


def test_a_journey_alone_belongs_to_services_and_the_others_stand_with_the_endpoints_that_do_not() -> None:
    shop = ServiceKey("shop", "webui")
    of_shop = Check(name="login", probe=JourneyProbe(steps=(STEP,), services=(shop,)))
    of_nobody = Check(name="front", probe=JourneyProbe(steps=(STEP,)))
    page = Check(name="page", probe=HttpProbe(url="http://shop/"), endpoint=True)
    of_service = Check(name="ready", probe=HttpProbe(url="http://shop/"), endpoint=True, service=shop)
    settings = Settings(endpoints=(page, of_service), journeys=(of_shop, of_nobody))
    assert (services_of(of_shop.probe), services_of(page.probe)) == ((shop,), ())
    assert settings.alone == (page, of_nobody)
    assert settings.journeys_of_services == (of_shop,)
