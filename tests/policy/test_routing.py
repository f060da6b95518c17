"""Who hears of what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model.alert import FILES
from watchdog.model.alerting import Route
from watchdog.model.record import Severity
from watchdog.policy.holds import About
from watchdog.policy.routing import Rules, comes_later, receivers_of

WEBUI = About(
    subject="shop/webui", names=("shop/webui", "webui"), project="shop", labels={"team": "web"}, owner="ada@example.org"
)
ENGINE = About(subject="engine", names=("engine",))
ALL = ("mail", "pager", "chat")
WARNING, CRITICAL, INFO = Severity.WARNING, Severity.CRITICAL, Severity.INFO


def hear(*routes: Route, about: About = WEBUI, severity: Severity = WARNING, age: float = 0.0) -> tuple[str, ...]:
    first, *others = receivers_of(about, severity, age, Rules(receivers=ALL, routes=routes))
    assert first == FILES
    return tuple(others)


@pytest.mark.parametrize(("severity", "told"), [(INFO, ()), (WARNING, ALL), (CRITICAL, ALL)])
def test_without_routes_everybody_hears_of_warnings_and_above(severity: Severity, told: tuple[str, ...]) -> None:
    assert hear(severity=severity) == told


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        (Route(receivers=("mail",)), True),
        (Route(receivers=("mail",), severity=CRITICAL), False),
        (Route(receivers=("mail",), severity=INFO), True),
        (Route(receivers=("mail",), project=("sh*",)), True),
        (Route(receivers=("mail",), project=("blog", "shop")), True),
        (Route(receivers=("mail",), project=("blog",)), False),
        (Route(receivers=("mail",), service=("webui",)), True),
        (Route(receivers=("mail",), service=("shop/*",)), True),
        (Route(receivers=("mail",), service=("api", "engine")), False),
        (Route(receivers=("mail",), label={"team": "w?b"}), True),
        (Route(receivers=("mail",), label={"team": "db"}), False),
        (Route(receivers=("mail",), label={"tier": "*"}), False),
        (Route(receivers=("mail",), label={"team": "web", "tier": "*"}), False),
        (Route(receivers=("mail",), owner=("*@example.org",)), True),
        (Route(receivers=("mail",), owner=("bob*",)), False),
        (Route(receivers=("mail",), project=("shop",), owner=("bob*",)), False),
    ],
)
def test_a_route_takes_what_all_its_matchers_match(route: Route, *, matches: bool) -> None:
    assert hear(route) == (("mail",) if matches else ())


def test_the_first_route_that_matches_decides() -> None:
    assert hear(Route(receivers=("mail",), project=("shop",)), Route(receivers=("pager",))) == ("mail",)
    assert hear(Route(receivers=("mail",), project=("blog",)), Route(receivers=("pager",))) == ("pager",)


def test_one_that_goes_on_lets_the_next_ones_add_theirs_each_once() -> None:
    first = Route(receivers=("mail", "chat"), goes_on=True)
    assert hear(first, Route(receivers=("chat", "pager")), Route(receivers=("never",))) == ("mail", "chat", "pager")


def test_a_route_with_after_adds_its_receivers_in_time_wherever_it_stands() -> None:
    boss = Route(receivers=("boss",), after=900.0)
    for routes in ((boss, Route(receivers=("mail",))), (Route(receivers=("mail",)), boss)):
        assert set(hear(*routes, age=899.0)) == {"mail"}
        assert set(hear(*routes, age=900.0)) == {"mail", "boss"}


def test_what_is_critical_and_matches_no_route_goes_to_everybody() -> None:
    blog = Route(receivers=("mail",), project=("blog",))
    assert hear(blog) == ()
    assert hear(blog, severity=CRITICAL) == ALL
    assert hear(blog, about=ENGINE, severity=CRITICAL) == ALL


def test_what_only_waits_for_its_route_goes_to_nobody_else() -> None:
    assert hear(Route(receivers=("boss",), after=900.0), severity=CRITICAL) == ()


def test_the_files_may_be_named_too() -> None:
    assert receivers_of(WEBUI, CRITICAL, 0.0, Rules(receivers=ALL, routes=(Route(receivers=(FILES,)),))) == (FILES,)


def test_the_next_route_in_time_is_known() -> None:
    late, later = Route(receivers=("a",), after=60.0), Route(receivers=("b",), after=900.0)
    strange = replace(late, after=10.0, project=("blog",))
    rules = Rules(routes=(later, late, strange, Route(receivers=("c",))))
    assert [comes_later(WEBUI, WARNING, age, rules) for age in (0.0, 59.0, 60.0, 900.0)] == [60.0, 60.0, 900.0, None]
