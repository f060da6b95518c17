"""Routes, maintenance windows, and what a service says about its alerts."""

from __future__ import annotations

from datetime import UTC, time
from zoneinfo import ZoneInfo

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.config.labels import resolve
from watchdog.model.alerting import GroupBy, Maintenance, Once, Route, Weekly
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Severity

RECEIVER = "[[alert.receiver]]\nname = 'mail'\nwebhook = 'http://h/'\n"
WEBUI = ServiceKey("shop", "webui")


def test_a_route_is_read_as_it_is_written(settings_of: Load) -> None:
    found = settings_of(
        RECEIVER
        + """
[[alert.route]]
receivers = ["mail", "files"]
severity = "critical"
project = ["shop"]
service = "webui, db"
label = { team = "w*" }
owner = ["ada"]
after = "15m"
continue = true
[[alert.route]]
receivers = "mail"
"""
    ).alert
    assert found.routes == (
        Route(
            receivers=("mail", "files"),
            severity=Severity.CRITICAL,
            project=("shop",),
            service=("webui", "db"),
            label={"team": "w*"},
            owner=("ada",),
            after=900.0,
            goes_on=True,
        ),
        Route(receivers=("mail",)),
    )


def test_how_long_is_waited_is_configured(settings_of: Load) -> None:
    found = settings_of(
        '[alert]\ngroup_wait = 0\ngroup_by = "none"\nrepeat = "1h"\nrunbook = "https://x/y"\ncritical_after = "1m"'
    ).alert
    assert (found.group_wait, found.group_by, found.repeat, found.runbook) == (0.0, GroupBy.NONE, 3600.0, "https://x/y")
    assert found.critical_after == 60.0


def test_windows_are_read_as_they_are_written(settings_of: Load) -> None:
    found = settings_of(
        """
[[maintenance]]
name = "once"
from = 2026-12-24T22:00:00+01:00
until = "2026-12-25T02:00:00Z"
services = ["shop/db"]
projects = ["blog-*"]
[[maintenance]]
name = "weekends"
days = ["Sat", "sun"]
at = "2:30"
lasts = "2h"
zone = "Europe/Zurich"
[[maintenance]]
name = "nightly"
at = 03:00:00
lasts = "1h"
"""
    ).maintenance
    zurich = ZoneInfo("Europe/Zurich")
    assert found == (
        Maintenance(
            name="once",
            when=Once(begins=1798146000.0, ends=1798164000.0),
            services=("shop/db",),
            projects=("blog-*",),
        ),
        Maintenance(name="weekends", when=Weekly(days=frozenset({5, 6}), at=time(2, 30), lasts=7200.0, zone=zurich)),
        Maintenance(name="nightly", when=Weekly(days=frozenset(range(7)), at=time(3, 0), lasts=3600.0, zone=UTC)),
    )


ROUTE = RECEIVER + "[[alert.route]]\n"
WINDOW = "[[maintenance]]\nname = 'w'\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ROUTE + "receivers = ['mial']", 'alert.route[1].receivers: "mial" is no receiver, did you mean mail?'),
        (ROUTE + "receivers = []", "alert.route[1].receivers: names nobody"),
        (ROUTE + "severity = 'warning'", "alert.route[1].receivers: is missing"),
        (ROUTE + "receivers = ['mail']\nseverity = 'bad'", 'alert.route[1].severity: "bad" is no choice here'),
        (ROUTE + "receivers = ['mail']\nlabel = 'x'", 'alert.route[1].label: "x" is not a table'),
        (ROUTE + "receivers = ['mail']\nlabel.x = 3", 'alert.route[1].label: the value of "x" 3 is not a text'),
        (ROUTE + "receivers = ['mail']\ncontinue = 3", "alert.route[1].continue: 3 is neither true nor false"),
        (ROUTE + "receivers = ['mail']\nafter = '-1s'", 'alert.route[1].after: "-1s" is negative'),
        (ROUTE + "receivers = ['mail']\nteam = 'x'", "alert.route[1].team: is not known"),
        ("alert.route = 3", "alert.route: is no list of tables; allowed: [[alert.route]]"),
        ("alert.group_by = 'x'", 'alert.group_by: "x" is no choice here'),
        ("alert.runbook = 'a b'", 'alert.runbook: "a b" cannot be used'),
        (WINDOW, "maintenance[w]: does not say when; allowed: from and until, or at and lasts"),
        (WINDOW + "from = 2026-01-01T00:00:00Z", "maintenance[w]: does not say when"),
        (WINDOW + "at = '02:00'", "maintenance[w]: does not say when"),
        (WINDOW + "at = '02:00'\nlasts = '1h'\nuntil = 2026-01-01T00:00:00Z", "maintenance[w].at: stands beside until"),
        (WINDOW + "from = 2026-01-01T00:00:00", "maintenance[w].from: 2026-01-01 00:00:00 does not say its zone"),
        (WINDOW + "from = 2026-01-01", "maintenance[w].from: 2026-01-01 is no date with time"),
        (WINDOW + "from = 'noon'", 'maintenance[w].from: "noon" is no date with time'),
        (WINDOW + "at = '24:00'\nlasts = '1h'", 'maintenance[w].at: "24:00" is no time of day'),
        (WINDOW + "at = '02:00'\nlasts = '1s'", 'maintenance[w].lasts: "1s" is too short'),
        (WINDOW + "at = '02:00'\nlasts = '1h'\ndays = ['x']", 'maintenance[w].days: "x" is no day'),
        (WINDOW + "at = '02:00'\nlasts = '1h'\ndays = []", "maintenance[w].days: is empty"),
        (WINDOW + "at = '02:00'\nlasts = '1h'\nzone = 'Mars'", 'maintenance[w].zone: "Mars" is no zone that this'),
        (WINDOW + "at = '02:00'\nlasts = '1h'\nzone = '../x'", 'maintenance[w].zone: "../x" is no zone that this'),
        (
            WINDOW + "from = 2026-01-02T00:00:00Z\nuntil = 2026-01-01T00:00:00Z",
            "maintenance[w].until: is not after from",
        ),
        ("maintenance = 3", "maintenance: is no list of tables; allowed: [[maintenance]]"),
        ("[[service]]\nname = 'a'\nowner = ''", "service[a].owner: is empty"),
    ],
)
def test_a_wrong_value_is_one_sentence(text: str, sentence: str, complaints: Complaints) -> None:
    (line,) = complaints(text)
    assert line.partition(": ")[2].startswith(sentence)
    assert "; allowed: " in line


def test_two_windows_of_a_name_are_told(complaints: Complaints) -> None:
    (line,) = complaints((WINDOW + "at = '02:00'\nlasts = '1h'\n") * 2)
    assert line.startswith('watchdog.toml:6: maintenance[w].name: "w" is used twice')


def test_downtime_allowed_comes_from_the_label_else_the_service_else_everything(settings_of: Load) -> None:
    settings = settings_of(
        "alert.critical_after = '10m'\n"
        "[[service]]\nname = 'webui'\nowner = 'ada'\nrunbook = 'https://x/y'\ncritical_after = '2m'\n"
        "[[service]]\nname = 'api'\n"
    )

    def allowed(name: str, **labels: str) -> float:
        return resolve(settings, ServiceKey("shop", name), labels).settings.critical_after

    assert [allowed("webui"), allowed("api"), allowed("db")] == [120.0, 600.0, 600.0]
    assert allowed("webui", **{"watchdog.critical-after": "30s"}) == 30.0
    found = resolve(settings, WEBUI, {"watchdog.owner": "bob"}).settings
    assert (found.owner, found.runbook) == ("bob", "https://x/y")
    assert resolve(settings, WEBUI, {}).settings.owner == "ada"
