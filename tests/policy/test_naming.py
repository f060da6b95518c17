"""Which service a person means by a name."""

from __future__ import annotations

import pytest

from watchdog.errors import UnknownService
from watchdog.model.identity import ServiceKey
from watchdog.policy.naming import find_service

PLAIN, SHOP, BLOG = ServiceKey("", "webui"), ServiceKey("shop", "webui"), ServiceKey("blog", "db")


def test_a_bare_name_means_the_only_service_of_that_name() -> None:
    assert find_service("webui", [SHOP, BLOG]) == SHOP


def test_project_and_name_mean_that_service_alone() -> None:
    assert find_service("shop/webui", [SHOP, ServiceKey("blog", "webui")]) == SHOP


def test_a_name_without_project_that_is_a_whole_name_wins_over_services_of_projects() -> None:
    assert find_service("webui", [PLAIN, SHOP]) == PLAIN


def test_a_name_of_several_services_lists_them() -> None:
    with pytest.raises(UnknownService, match=r"'webui' is more than one service: say which of blog/webui, shop/webui"):
        find_service("webui", [SHOP, ServiceKey("blog", "webui")])


@pytest.mark.parametrize(("keys", "listed"), [([SHOP, BLOG], "blog/db, shop/webui"), ([], "none")])
def test_a_name_that_no_service_has_lists_all(keys: list[ServiceKey], listed: str) -> None:
    with pytest.raises(UnknownService, match=f"no service is called 'api'; there are: {listed}") as refused:
        find_service("api", keys)
    assert refused.value.candidates == tuple(map(str, sorted(keys)))
