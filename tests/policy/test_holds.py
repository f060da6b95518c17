"""What keeps watchdog from telling: silences and maintenance windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.codecs.telling import ALERT_STATE, SILENCE
from watchdog.model.alerting import AlertStage, AlertState, Maintenance, Once, Silence, SilenceScope, Told
from watchdog.policy.holds import About, Window, maintained, silenced

WEBUI = About(subject="shop/webui", names=("shop/webui", "webui"), project="shop")
ENGINE = About(subject="engine", names=("engine",))
NOW = 1000.0


def silence(scope: SilenceScope, name: str = "", until: float = NOW + 60.0) -> Silence:
    return Silence(scope=scope, name=name, until=until, reason="the disk is moved", by="ada")


@pytest.mark.parametrize(
    ("one", "about", "holds"),
    [
        (silence(SilenceScope.ALL), WEBUI, True),
        (silence(SilenceScope.ALL), ENGINE, True),
        (silence(SilenceScope.PROJECT, "shop"), WEBUI, True),
        (silence(SilenceScope.PROJECT, "blog"), WEBUI, False),
        (silence(SilenceScope.SUBJECT, "shop/webui"), WEBUI, True),
        (silence(SilenceScope.SUBJECT, "webui"), WEBUI, False),
        (silence(SilenceScope.SUBJECT, "engine"), ENGINE, True),
        (silence(SilenceScope.ALL, until=NOW), WEBUI, False),
    ],
)
def test_a_silence_holds_what_it_is_for_until_it_ends(one: Silence, about: About, *, holds: bool) -> None:
    assert silenced([one], about, NOW) == (one if holds else None)


def test_of_several_silences_the_one_that_lasts_longest_is_told() -> None:
    short, long = silence(SilenceScope.ALL, until=NOW + 1.0), silence(SilenceScope.PROJECT, "shop", until=NOW + 2.0)
    assert silenced([long, short], WEBUI, NOW) == silenced([short, long], WEBUI, NOW) == long


@pytest.mark.parametrize(
    ("services", "projects", "about", "holds"),
    [
        ((), (), WEBUI, True),
        ((), (), ENGINE, True),
        (("webui",), (), WEBUI, True),
        (("shop/*",), (), WEBUI, True),
        (("api",), (), WEBUI, False),
        ((), ("sh*",), WEBUI, True),
        (("api",), ("shop",), WEBUI, True),
        ((), ("*",), ENGINE, False),
        (("*",), (), ENGINE, True),
    ],
)
def test_a_window_is_for_what_its_patterns_call(
    services: tuple[str, ...], projects: tuple[str, ...], about: About, *, holds: bool
) -> None:
    window = Maintenance(name="disks", when=Once(begins=0.0, ends=2000.0), services=services, projects=projects)
    assert maintained([window], about, NOW) == (Window("disks", 2000.0) if holds else None)
    assert maintained([window], about, 2000.0) is None


def test_of_several_open_windows_the_one_that_ends_last_is_told() -> None:
    short = Maintenance(name="short", when=Once(begins=0.0, ends=1500.0))
    long = Maintenance(name="long", when=Once(begins=0.0, ends=1600.0))
    assert maintained([long, short], WEBUI, NOW) == maintained([short, long], WEBUI, NOW) == Window("long", 1600.0)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_SILENCES = st.builds(
    Silence, scope=st.sampled_from(SilenceScope), name=_TEXTS, until=st.floats(0, 4e9), reason=_TEXTS, by=_TEXTS
)
_TOLD = st.builds(
    Told,
    stage=st.sampled_from(AlertStage),
    at=st.floats(0, 4e9),
    keys=st.lists(_TEXTS, max_size=3).map(tuple),
    count=st.integers(1, 1000),
)
_STATES = st.builds(AlertState, waits_from=st.floats(0, 4e9), told=st.dictionaries(_TEXTS, _TOLD, max_size=3))


@given(_SILENCES)
def test_a_silence_is_read_as_it_was_written(one: Silence) -> None:
    assert SILENCE.load(SILENCE.dump(one)) == one


@given(_STATES)
def test_the_state_of_an_alert_is_read_as_it_was_written(state: AlertState) -> None:
    assert ALERT_STATE.load(ALERT_STATE.dump(state)) == state


@pytest.mark.parametrize(
    ("one", "key", "what"),
    [
        (silence(SilenceScope.ALL), "all", "everything"),
        (silence(SilenceScope.PROJECT, "shop"), "project shop", "project shop"),
        (silence(SilenceScope.SUBJECT, "shop/webui"), "subject shop/webui", "shop/webui"),
    ],
)
def test_a_silence_says_what_it_is_for(one: Silence, key: str, what: str) -> None:
    assert (one.key, one.what) == (key, what)
