from __future__ import annotations

from dataclasses import fields

import pytest

from tests.config.conftest import Load
from tests.config.reference import value_of
from watchdog.config.checks import KINDS
from watchdog.config.checks.section import KindSection
from watchdog.config.checks.vantage import NetworkSection
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, OnFailure
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.network import DnsProbe, DnsRcode, DnsType, StartTls, TcpProbe, TlsProbe, TlsVersion


def test_an_endpoint_says_everything(settings_of: Load) -> None:
    (endpoint,) = settings_of(
        r"""
        [[endpoint]]
        name = "shop"
        url = "https://shop.example/health"
        service = "shop/webui"
        on_failure = "alert"
        method = "POST"
        headers = { Accept = "application/json" }
        authorization = "Bearer ${TOKEN}"
        body = "{}"
        status = [200, "3xx", "400-404"]
        body_matches = 'ok\b'
        headers_match = { Content-Type = "json" }
        max_bytes = 100
        max_latency = "2s"
        redirects = 3
        verify_tls = false
        interval = "30s"
        retry_interval = "1s"
        timeout = "3s"
        failures = 4
        successes = 5
    """,
        {"TOKEN": "t"},
    ).endpoints
    assert endpoint == Check(
        name="shop",
        probe=HttpProbe(
            url="https://shop.example/health",
            method="POST",
            headers={"Accept": "application/json", "Authorization": "Bearer t"},
            body="{}",
            status=((200, 200), (300, 399), (400, 404)),
            body_matches=r"ok\b",
            headers_match={"Content-Type": "json"},
            max_latency=2.0,
            max_bytes=100,
            redirects=3,
            verify_tls=False,
        ),
        service=ServiceKey("shop", "webui"),
        endpoint=True,
        on_failure=OnFailure.ALERT,
        interval=30.0,
        retry_interval=1.0,
        timeout=3.0,
        failures=4,
        successes=5,
    )


def test_what_a_check_does_not_say_comes_from_the_sections(settings_of: Load) -> None:
    found = settings_of("""
        watch.interval = "4s"
        health = { failures = 7, successes = 3, retry_interval = "6s" }
        [[service]]
        name = "webui"
        health.failures = 9
        check = [{ name = "port", tcp = "db:5432" }]
        [[endpoint]]
        name = "mail"
        tls = "[::1]:465"
    """)
    (mail,) = found.endpoints
    assert mail == Check(
        name="mail",
        probe=TlsProbe(tls="[::1]:465"),
        endpoint=True,
        on_failure=OnFailure.ALERT,
        interval=4.0,
        retry_interval=4.0,
        timeout=4.0,
        failures=7,
        successes=3,
    )
    (port,) = found.services[0][1].checks
    assert (port.failures, port.successes, port.endpoint) == (9, 3, False)
    assert (port.probe, port.service) == (TcpProbe(tcp="db:5432"), ServiceKey("", "webui"))


@pytest.mark.parametrize("section", [one for one in KINDS.values() if issubclass(one, NetworkSection)])
def test_what_can_be_asked_from_elsewhere_goes_over_the_network(section: type[KindSection]) -> None:
    assert value_of(section).over_network


@pytest.mark.parametrize("section", KINDS.values())
def test_what_a_file_may_hold_is_a_secret_that_is_never_shown(section: type[KindSection]) -> None:
    secrets = {key for key in section.model_fields if f"{key}_file" in section.model_fields}
    assert not {field.name for field in fields(value_of(section)) if field.repr} & secrets
    assert secrets <= section.not_by_label


def test_a_check_with_no_word_on_time_keeps_the_models_time_out(settings_of: Load) -> None:
    (endpoint,) = settings_of("[[endpoint]]\nname = 'e'\nurl = 'http://h'\n").endpoints
    assert endpoint == Check(name="e", probe=HttpProbe(url="http://h"), endpoint=True)


def test_what_a_failure_means_follows_from_what_is_asked_unless_it_is_said(settings_of: Load) -> None:
    settings = settings_of("""
        [[service]]
        name = "webui"
        [[service.check]]
        name = "page"
        url = "http://webui/"
        [[service.check]]
        name = "certificate"
        tls = "webui:443"
        [[service.check]]
        name = "handshake"
        tls = "webui:443"
        on_failure = "recover"
    """)
    ((_, service),) = settings.services
    assert {check.name: check.on_failure for check in service.checks} == {
        "page": OnFailure.RECOVER,
        "certificate": OnFailure.ALERT,
        "handshake": OnFailure.RECOVER,
    }


def test_an_endpoint_may_need_services_though_it_is_none_of_theirs(settings_of: Load) -> None:
    (front,) = settings_of("""
        [[endpoint]]
        name = "front"
        url = "http://front/"
        depends_on = ["shop/db", "cache"]
    """).endpoints
    assert front.depends_on == ("shop/db", "cache")


def test_the_observers_references_are_addresses_or_urls(settings_of: Load) -> None:
    settings = settings_of("""
        [observer]
        references = ["1.1.1.1:53", "[2606:4700:4700::1111]:53", "https://example.org/"]
    """)
    assert settings.observer.references == ("1.1.1.1:53", "[2606:4700:4700::1111]:53", "https://example.org/")


def test_what_goes_over_the_network_says_everything(settings_of: Load) -> None:
    found = settings_of(r"""
        [[endpoint]]
        name = "cache"
        tcp = "cache:6379"
        from = "shop/webui#2"
        send = "PING\r\n"
        expect = '^\+PONG'
        max_bytes = 100
        [[endpoint]]
        name = "mail"
        tls = "10.0.0.5:587"
        server_name = "mail.shop.example"
        min_version = "1.2"
        starttls = "smtp"
        expiry_warning = "3d"
        verify_tls = false
        from = "webui"
        [[endpoint]]
        name = "exchanger"
        dns = "shop.example."
        server = "[::1]:53"
        type = "MX"
        answers = ["10 mail.shop.example", "20 backup.shop.example"]
        answers_match = "mail"
        rcode = "NOERROR"
        [[endpoint]]
        name = "gone"
        dns = "_old.shop.example"
        rcode = "NXDOMAIN"
        [[endpoint]]
        name = "page"
        url = "http://webui/"
        from = "shop/webui"
    """).endpoints
    assert [one.probe for one in found[:4]] == [
        TcpProbe(tcp="cache:6379", send="PING\r\n", expect=r"^\+PONG", max_bytes=100),
        TlsProbe(
            tls="10.0.0.5:587",
            verify_tls=False,
            expiry_warning=3 * 86400.0,
            server_name="mail.shop.example",
            min_version=TlsVersion.V1_2,
            starttls=StartTls.SMTP,
        ),
        DnsProbe(
            dns="shop.example.",
            server="[::1]:53",
            type=DnsType.MX,
            answers=("10 mail.shop.example", "20 backup.shop.example"),
            answers_match="mail",
        ),
        DnsProbe(dns="_old.shop.example", rcode=DnsRcode.NXDOMAIN),
    ]
    webui = ServiceKey("shop", "webui")
    assert [one.vantage for one in found] == [
        ServiceKey("shop", "webui", 2),
        ServiceKey("", "webui"),
        None,
        None,
        webui,
    ]
    assert [one.over_network for one in found] == [False, False, True, True, False]
