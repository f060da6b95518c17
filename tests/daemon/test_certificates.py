"""One certificate that ends is one warning, with all to whom it is presented: in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.alert_scene import WATCHED, AlertScene, with_alert
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.model.alerting import GroupBy
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, OnFailure, Verdict
from watchdog.model.probe.network import TlsProbe
from watchdog.model.settings import ReceiverSettings, ServiceSettings, Settings

WEBUI = ServiceKey("", "webui")
LONG_ENOUGH = 300.0
"""Seconds in which each check is asked often enough to be believed."""
SHARED, OTHER = "aa" * 32, "bb" * 32


def tls(name: str, service: ServiceKey | None = None) -> Check:
    return Check(name=name, probe=TlsProbe(tls="127.0.0.1:1"), service=service, on_failure=OnFailure.ALERT)


SETTINGS: Settings = replace(
    with_alert(WATCHED, group_by=GroupBy.NONE),
    endpoints=tuple(tls(name) for name in ("imap", "mail", "shop")),
    services=((WEBUI, ServiceSettings(configured=True, checks=(tls("front", WEBUI),))),),
)


class Taker:
    """A receiver that takes everything in no time."""

    async def deliver(self, *_: object) -> None:
        """It is remembered where it was queued."""


@pytest.fixture(autouse=True)
def _takers(monkeypatch: pytest.MonkeyPatch) -> None:
    def taker(_: ReceiverSettings) -> Taker:
        return Taker()

    monkeypatch.setattr("watchdog.alerts.alerter.receiver_of", taker)


def scene(loop: VirtualLoop, directory: Path) -> AlertScene:
    """All present the same certificate, and it is good."""
    found = AlertScene(loop, directory, SETTINGS)
    found.engine.run("webui")
    for name in ("imap", "mail", "shop", "front"):
        presents(found, name)
    return found


def presents(here: AlertScene, name: str, certificate: str = SHARED, trouble: str = "") -> None:
    here.verdicts[name] = Verdict.FAIL if trouble else Verdict.PASS
    here.evidence[name] = {"certificate": certificate} | ({"class": trouble} if trouble else {})


def ends_soon(here: AlertScene, *names: str) -> None:
    for name in names:
        presents(here, name, trouble="tls_expires_soon")


def told(here: AlertScene) -> list[tuple[str, str]]:
    return [(one.subject, "resolved" if one.resolved else one.severity.value) for one in here.alerts()]


def test_a_certificate_that_ends_is_told_once_with_all_who_present_it(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui") as daemon:
            ends_soon(here, "imap", "mail", "front")  # to the shop more time is given, yet it is the same certificate
            await asyncio.sleep(LONG_ENOUGH)
            assert daemon.world.services[WEBUI].record.incident is None
            for name in ("imap", "mail", "front"):
                presents(here, name, OTHER)
            await asyncio.sleep(LONG_ENOUGH)
        return here

    here = run_virtually(story)
    (opened, _), (closed, resolved) = told(here)
    assert (opened, resolved) == (closed, "resolved")
    first, all_of_them = opened.split(" ")[-1], {"imap", "mail", "shop", "webui front"}
    named = here.alerts()[0].summary.partition("is presented to ")[2]
    assert {one.strip(".") for one in named.split(", ")} == all_of_them - {first, f"webui {first}"}, here.alerts()[0]


def test_another_certificate_has_an_incident_of_its_own(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui"):
            ends_soon(here, "imap", "mail")
            presents(here, "shop", OTHER, "tls_expires_soon")
            await asyncio.sleep(LONG_ENOUGH)
        return here

    first, second = sorted(told(run_virtually(story)))
    assert first in {("endpoint imap", "warning"), ("endpoint mail", "warning")}
    assert second == ("endpoint shop", "warning")


@pytest.mark.parametrize("trouble", ["tls_wrong_host", "refused"])
def test_what_is_wrong_with_one_endpoint_alone_is_its_own(tmp_path: Path, trouble: str) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui"):
            presents(here, "imap", trouble=trouble)
            presents(here, "mail", trouble=trouble)
            await asyncio.sleep(LONG_ENOUGH)
        return here

    opened = {subject for subject, how in told(run_virtually(story)) if how != "resolved"}
    assert opened == {"endpoint imap", "endpoint mail"}


def test_who_still_presents_it_when_the_first_was_given_another_is_told_of_then(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui"):
            ends_soon(here, "mail")
            await asyncio.sleep(LONG_ENOUGH)
            ends_soon(here, "imap", "shop")
            await asyncio.sleep(LONG_ENOUGH)
            presents(here, "mail", OTHER)
            await asyncio.sleep(LONG_ENOUGH)
        return here

    found = told(run_virtually(story))
    assert found[:2] == [("endpoint mail", "warning"), ("endpoint mail", "resolved")]
    assert len(found) == 3
    assert found[2] in {("endpoint imap", "warning"), ("endpoint shop", "warning")}


def test_a_new_daemon_goes_on_with_the_one_incident(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui"):
            ends_soon(here, "shop")
            await asyncio.sleep(LONG_ENOUGH)
            ends_soon(here, "imap", "mail")
            await asyncio.sleep(LONG_ENOUGH)
        async with here.daemon("webui"):
            await asyncio.sleep(LONG_ENOUGH)
        return here

    assert told(run_virtually(story)) == [("endpoint shop", "warning")]
