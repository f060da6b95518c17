"""Who is asked before a change."""

from __future__ import annotations

import pytest

from watchdog.model.validator import Announcement, ValidatorSettings
from watchdog.policy.announcing import concerned

EVERYTHING = ValidatorSettings(name="everything")
SHOP = ValidatorSettings(name="shop", services=("shop/*",))
BLOG = ValidatorSettings(name="blog", services=("blog/*",))
DATABASES = ValidatorSettings(name="databases", services=("cache", "db"))
ALL = (EVERYTHING, SHOP, BLOG, DATABASES)


def announcement(*services: str, removes: tuple[str, ...] = ()) -> Announcement:
    return Announcement(id=7, at=1.0, by="ada", reason="new version", services=services, removes=removes)


@pytest.mark.parametrize(
    ("services", "asked"),
    [
        (("shop/webui",), (EVERYTHING, SHOP)),
        (("shop/webui", "blog/webui"), (EVERYTHING, SHOP, BLOG)),
        (("shop/db",), (EVERYTHING, SHOP, DATABASES)),
        (("db",), (EVERYTHING, DATABASES)),
        (("wiki/webui",), (EVERYTHING,)),
        ((), (EVERYTHING,)),
    ],
)
def test_a_change_concerns_those_whose_patterns_mean_what_it_changes(
    services: tuple[str, ...], asked: tuple[ValidatorSettings, ...]
) -> None:
    assert concerned(announcement(*services), ALL) == asked


def test_a_removal_concerns_everybody() -> None:
    assert concerned(announcement("wiki/webui", removes=("wiki/webui",)), ALL) == ALL
