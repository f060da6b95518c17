"""Which services should exist, by the ledger and the configuration."""

from __future__ import annotations

from tests.policy.samples import WEBUI
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Desired, ServiceRecord
from watchdog.model.settings import ServiceSettings
from watchdog.policy.expected import missing

DB, SECOND = ServiceKey("shop", "db"), ServiceKey("shop", "webui", 2)
UP = ServiceRecord(service=WEBUI, desired=Desired.UP)
ON, OFF = ServiceSettings(), ServiceSettings(enabled=False)


def test_what_the_ledger_wants_up_and_nobody_knows_is_missing() -> None:
    retired = ServiceRecord(service=DB, desired=Desired.RETIRED)
    assert missing({WEBUI: UP, DB: retired}, (), ()) == {WEBUI: UP}
    assert missing({WEBUI: UP}, (), [WEBUI]) == {}


def test_what_is_configured_is_missing_with_what_the_ledger_says_of_it() -> None:
    unproven = ServiceRecord(service=DB, container_id="c" * 64)
    found = missing({DB: unproven}, [(DB, ON)], ())
    assert found == {DB: ServiceRecord(service=DB, container_id="c" * 64, desired=Desired.UP)}
    assert missing({}, [(DB, ON)], ()) == {DB: ServiceRecord(service=DB, desired=Desired.UP)}
    assert missing({}, [(DB, OFF)], ()) == {}


def test_a_configured_name_is_there_with_any_replica_in_any_project_that_it_means() -> None:
    anywhere = ServiceKey("", "webui")
    assert missing({}, [(anywhere, ON)], [SECOND]) == {}
    assert missing({WEBUI: UP}, [(anywhere, ON)], ()) == {WEBUI: UP}
    third = ServiceKey("shop", "webui", 3)
    assert missing({}, [(third, ON)], [SECOND]).keys() == {third}
