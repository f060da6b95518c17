"""What a person is told."""

from __future__ import annotations

from dataclasses import replace

from watchdog.model.alert import Alert
from watchdog.model.record import Severity


def test_an_alert_is_open_until_its_resolution_which_goes_by_the_same_key() -> None:
    alert = Alert(key="7", severity=Severity.CRITICAL, subject="shop/webui", summary="webui is missing", at=1.0)
    resolution = replace(alert, resolved=True, at=2.0)
    assert not alert.resolved
    assert resolution.key == alert.key


def test_an_information_and_a_resolution_have_no_end_to_be_told() -> None:
    alert = Alert(key="7", severity=Severity.WARNING, subject="shop/webui", summary="webui is missing", at=1.0)
    assert alert.lasts
    assert not replace(alert, resolved=True).lasts
    assert not replace(alert, severity=Severity.INFO).lasts
