"""Which containers are services, and under which key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import RUNNING, WEBUI
from watchdog.model.container import ContainerState
from watchdog.model.identity import ServiceKey
from watchdog.model.settings import DiscoveryMode, DiscoverySettings, ServiceSettings, Settings
from watchdog.policy.discovery import (
    AUTOHEAL,
    ENABLE,
    NUMBER,
    ONEOFF,
    PROJECT,
    SERVICE,
    SWARM,
    NotAService,
    OwnName,
    aside_name,
    classify,
    explicitly_enabled,
    incumbent,
    inherits_service,
    is_aside,
    is_own_name,
    key_of,
    left_out,
    read_own_name,
    service_of,
    settled,
    stands_for,
    successor_name,
)

COMPOSE = {PROJECT: "shop", SERVICE: "webui", NUMBER: "1", ONEOFF: "False"}
NAME = "shop-webui-1"
ALL = DiscoverySettings()
_names = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,30}", fullmatch=True)
_nonces = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)


def test_a_container_of_compose_is_known_by_project_and_service() -> None:
    assert classify(NAME, COMPOSE, ALL, configured=False) == WEBUI


def test_a_container_outside_compose_is_known_by_its_name() -> None:
    assert classify("webui", {}, ALL, configured=False) == ServiceKey("", "webui")


@pytest.mark.parametrize(
    ("labels", "key"),
    [
        (COMPOSE | {NUMBER: "2"}, ServiceKey("shop", "webui", 2)),
        (COMPOSE | {NUMBER: "0"}, WEBUI),
        (COMPOSE | {NUMBER: "two"}, WEBUI),
        (COMPOSE | {NUMBER: "9999999"}, WEBUI),
        ({PROJECT: "shop"}, ServiceKey("", NAME)),
        ({SERVICE: "webui"}, ServiceKey("", NAME)),
        (COMPOSE | {SERVICE: "web/ui"}, ServiceKey("", NAME)),
        (COMPOSE | {PROJECT: "sh#op"}, ServiceKey("", NAME)),
    ],
)
def test_labels_that_make_no_key_are_read_as_far_as_they_go(labels: dict[str, str], key: ServiceKey) -> None:
    assert key_of(NAME, labels) == key


@pytest.mark.parametrize(
    ("name", "labels", "because", "by_choice"),
    [
        (f"0123456789ab_{NAME}", COMPOSE, "Compose is replacing it, or was interrupted", False),
        (NAME, COMPOSE | {SWARM: "x"}, "managed by Swarm, left to Swarm", False),
        (NAME, COMPOSE | {ONEOFF: "True"}, "a one-off container of `docker compose run`", False),
        (NAME, COMPOSE | {ENABLE: "False"}, "its label watchdog.enable is false", True),
    ],
)
def test_what_is_no_service_says_why(name: str, labels: dict[str, str], because: str, *, by_choice: bool) -> None:
    assert classify(name, labels, ALL, configured=True) == NotAService(because, by_choice=by_choice)


@pytest.mark.parametrize("name", ["0123456789a_webui", "0123456789ag_webui", "0123456789ab_", "webui.watchdog-new-"])
def test_a_name_that_only_resembles_a_replacement_is_a_service(name: str) -> None:
    assert classify(name, {}, ALL, configured=False) == ServiceKey("", name)


@pytest.mark.parametrize("pattern", ["shop/webui", "shop/*", "shop-webui-1", "*webui*"])
def test_a_service_is_excluded_by_its_key_or_its_containers_name(pattern: str) -> None:
    excluding = DiscoverySettings(exclude=("other", pattern))
    excluded = NotAService("excluded by discovery.exclude", by_choice=True)
    assert classify(NAME, COMPOSE, excluding, configured=True) == excluded


def test_patterns_that_match_nothing_exclude_nothing() -> None:
    excluding = DiscoverySettings(exclude=("webui", "SHOP/*"))
    assert classify(NAME, COMPOSE, excluding, configured=False) == WEBUI


@pytest.mark.parametrize("labels", [{ENABLE: "true"}, {ENABLE: "True"}, {AUTOHEAL: "true"}])
def test_where_only_labelled_containers_are_watched_a_label_or_the_configuration_brings_one_in(
    labels: dict[str, str],
) -> None:
    labelled = DiscoverySettings(mode=DiscoveryMode.LABELLED)
    assert explicitly_enabled(labels)
    assert classify(NAME, COMPOSE | labels, labelled, configured=False) == WEBUI
    assert classify(NAME, COMPOSE, labelled, configured=True) == WEBUI
    assert classify(NAME, COMPOSE | {AUTOHEAL: "false"}, labelled, configured=False) == NotAService(
        "discovery.mode is labelled and it has no label watchdog.enable=true", by_choice=True
    )


def test_where_only_configured_services_are_watched_a_label_is_not_enough() -> None:
    configured = DiscoverySettings(mode=DiscoveryMode.CONFIGURED)
    assert classify(NAME, COMPOSE, configured, configured=True) == WEBUI
    assert classify(NAME, COMPOSE | {ENABLE: "true"}, configured, configured=False) == NotAService(
        "discovery.mode is configured and it is not in the configuration", by_choice=True
    )


@given(_names, _nonces)
def test_a_name_that_watchdog_gave_tells_the_name_that_it_stands_for(name: str, nonce: str) -> None:
    assert read_own_name(successor_name(name, nonce)) == OwnName(name, successor=True)
    assert read_own_name(aside_name(name, nonce)) == OwnName(name, successor=False)
    assert [is_aside(one) for one in (aside_name(name, nonce), successor_name(name, nonce), name)] == [
        True,
        False,
        False,
    ]
    assert stands_for(aside_name(name, nonce), {}) == stands_for(name, {}) == ServiceKey("", name)


@given(_names)
def test_a_name_that_somebody_else_gave_is_not_taken_for_watchdogs(name: str) -> None:
    assert is_own_name(name) is (".watchdog-new-" in name or ".watchdog-old-" in name)
    assert (read_own_name(name) is None) is not is_own_name(name)


def test_a_container_that_was_renamed_stays_its_services_unless_names_were_given_on_purpose() -> None:
    blog, webui = ServiceKey("", "blog"), ServiceKey("", "webui")
    assert settled({"a1": webui}, {webui: "a1"}) == {"a1": webui}
    assert settled({"a1": blog}, {webui: "a1"}) == {"a1": webui}
    assert settled({"a1": blog}, {webui: "a1", blog: "b2"}) == {"a1": blog}
    assert settled({"a1": blog, "c3": webui}, {webui: "a1"}) == {"a1": blog, "c3": webui}
    assert settled({"c3": blog}, {webui: "a1"}) == {"c3": blog}


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([WEBUI, ServiceKey("", "x"), ServiceKey("", "y")])),
    st.dictionaries(st.sampled_from([WEBUI, ServiceKey("", "x"), ServiceKey("", "y")]), st.sampled_from("abc")),
)
def test_no_name_that_is_borne_is_taken_from_its_bearer_by_a_renamed_container(
    named: dict[str, ServiceKey], met: dict[ServiceKey, str]
) -> None:
    whose = settled(named, met)
    assert set(whose) == set(named)
    for container, key in whose.items():
        assert key == named[container] or (met[key] == container and key not in named.values())


def configured(*services: tuple[str, ServiceSettings], **discovery: Any) -> Settings:
    keys = tuple((ServiceKey.parse(name), its) for name, its in services)
    return Settings(services=keys, discovery=DiscoverySettings(**discovery))


ON, OFF = ServiceSettings(), ServiceSettings(enabled=False)
ONLY_CONFIGURED = {"mode": DiscoveryMode.CONFIGURED}


def test_a_service_that_the_configuration_switches_off_is_none_by_choice() -> None:
    found = service_of(configured(("webui", OFF)), NAME, COMPOSE)
    assert found == NotAService("its [[service]] says enabled = false", by_choice=True)
    assert service_of(configured(("blog/webui", OFF)), NAME, COMPOSE) == WEBUI


def test_a_name_without_a_number_configures_every_replica_and_one_with_a_number_that_one() -> None:
    second = COMPOSE | {NUMBER: "2"}
    assert service_of(configured(("shop/webui", ON), **ONLY_CONFIGURED), NAME, second) == ServiceKey("shop", "webui", 2)
    assert isinstance(service_of(configured(("shop/webui#3", ON), **ONLY_CONFIGURED), NAME, second), NotAService)


def test_what_is_no_service_anyway_is_none_however_it_is_configured() -> None:
    swarm = service_of(configured(("webui", ON)), NAME, COMPOSE | {SWARM: "abc"})
    assert swarm == NotAService("managed by Swarm, left to Swarm")


def test_a_service_without_a_container_is_left_out_as_its_container_would_be() -> None:
    assert left_out(configured(**ONLY_CONFIGURED), WEBUI, {})
    assert not left_out(configured(), WEBUI, {})
    assert left_out(configured(), ServiceKey("", "webui"), {ENABLE: "false"})


def test_of_several_containers_the_newest_that_runs_stands_for_the_service() -> None:
    old, new = (replace(RUNNING, id=name, created_at=at) for name, at in (("old", 1.0), ("new", 2.0)))
    ended = replace(RUNNING, id="ended", state=ContainerState.EXITED, created_at=3.0)
    assert incumbent([old, new, ended]) == new
    assert incumbent([ended]) == ended
    assert incumbent([]) is None


BUILT = {PROJECT: "shop", SERVICE: "webui"}
"""What Compose gives to an image that it builds."""


@pytest.mark.parametrize(
    ("labels", "of_image", "inherited"),
    [
        ({}, {}, False),
        (BUILT, {}, False),
        (BUILT, BUILT, True),
        (BUILT, BUILT | {"maintainer": "ada"}, True),
        (BUILT | {NUMBER: "1"}, BUILT, False),
        (BUILT | {NUMBER: "1"}, BUILT | {NUMBER: "1"}, True),
        (BUILT | {NUMBER: "2"}, BUILT | {NUMBER: "1"}, False),
        (BUILT, {PROJECT: "other"}, False),
    ],
)
def test_what_compose_gave_to_an_image_is_not_given_to_its_containers(
    labels: dict[str, str],
    of_image: dict[str, str],
    inherited: bool,
) -> None:
    assert inherits_service(labels, of_image) is inherited
