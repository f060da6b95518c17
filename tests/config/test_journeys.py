"""Journeys as written: what is read, and what is refused with its file, line and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.conftest import Complaints, Load
from watchdog.config.journeys import read_journey
from watchdog.config.problems import Problems
from watchdog.model.identity import ServiceKey
from watchdog.model.journey import Capture, CaptureSource
from watchdog.model.observation import Check, OnFailure
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep
from watchdog.model.settings import HealthSettings

WEBUI, API = ServiceKey("shop", "webui"), ServiceKey("", "api")


def journey_in(text: str, load: Load, **environ: str) -> Check:
    (journey,) = load(text, environ).journeys
    return journey


def question_in(text: str, load: Load, **environ: str) -> JourneyProbe:
    probe = journey_in(text, load, **environ).probe
    assert isinstance(probe, JourneyProbe)
    return probe


def test_a_journey_says_everything(settings_of: Load, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("1234\n")
    journey = journey_in(
        f"""
        [[journey]]
        name = "office"
        services = ["shop/webui", "api"]
        base = "https://shop.example"
        from = "shop/edge"
        interval = "30s"
        timeout = "20s"
        failures = 3
        successes = 2
        on_failure = "alert"
        verify_tls = false
        redact = ["csrf"]
        secrets = {{ password = "${{PASSWORD}}", pin_file = "{tmp_path}/pin" }}
        [[journey.step]]
        name = "login"
        url = "/login"
        form = {{ user = "ann", password = "{{{{ password }}}}", remember = true, n = 5, empty = "" }}
        headers = {{ X-A = "b" }}
        redirects = 0
        status = 303
        capture.sid = {{ cookie = "sid" }}
        retry = {{ attempts = 3, wait = "5s" }}
        [[journey.step]]
        name = "next"
        url = "https://other.example/{{{{ sid }}}}"
        json = {{ a = [1, {{ b = "{{{{ login.sid }}}}" }}] }}
        body_json = "$.a == 1"
        service = "api"
        always_run = true
    """,
        settings_of,
        PASSWORD="geheim",  # noqa: S106 - of a test
    )
    hosts = ("other.example", "shop.example")
    assert journey == Check(
        name="office",
        probe=JourneyProbe(
            steps=(
                JourneyStep(
                    name="login",
                    request=HttpProbe(
                        url="/login",
                        method="POST",
                        headers={"X-A": "b"},
                        status=((303, 303),),
                        redirect_hosts=hosts,
                        verify_tls=False,
                    ),
                    form={"user": "ann", "password": "{{ password }}", "remember": "true", "n": "5", "empty": ""},
                    captures=(Capture(name="sid", source=CaptureSource.COOKIE, where="sid"),),
                    attempts=3,
                    wait=5.0,
                    service=WEBUI,
                ),
                JourneyStep(
                    name="next",
                    request=HttpProbe(
                        url="https://other.example/{{ sid }}",
                        method="POST",
                        body_json=("$.a == 1",),
                        redirects=10,
                        redirect_hosts=hosts,
                        verify_tls=False,
                    ),
                    json={"a": [1, {"b": "{{ login.sid }}"}]},
                    service=API,
                    always_run=True,
                ),
            ),
            services=(WEBUI, API),
            base="https://shop.example",
            secrets={"password": "geheim", "pin": "1234"},
            hidden=("geheim",),
            redact=("csrf",),
        ),
        on_failure=OnFailure.ALERT,
        vantage=ServiceKey("shop", "edge"),
        interval=30.0,
        timeout=20.0,
        failures=3,
        successes=2,
    )


def test_what_a_journey_does_not_say_is_usual(settings_of: Load) -> None:
    text = '[[journey]]\nname = "j"\nstep = [{ name = "front", url = "http://shop.test/" }]\n'
    journey = journey_in(f"watch.interval = '10s'\n{text}", settings_of)
    assert (journey.interval, journey.timeout, journey.on_failure) == (10.0, 10.0, OnFailure.RECOVER)
    assert journey_in(text, settings_of).timeout == 30.0


def test_what_the_environment_puts_in_is_hidden_but_for_the_beginning_of_a_url(settings_of: Load) -> None:
    probe = question_in(
        """
        [[journey]]
        name = "j"
        base = "${BASE}"
        [[journey.step]]
        name = "a"
        url = "/x?key=${KEY}"
        body = "user=${USER_NAME}&pin=${PIN}"
        """,
        settings_of,
        BASE="http://shop.test",
        KEY="k3y",
        USER_NAME="ann",
        PIN="1234",
    )
    assert probe.hidden == ("1234", "ann", "k3y")
    assert probe.steps[0].request.url == "/x?key=k3y"
    assert "k3y" not in repr(probe.secrets)


STEP = '[[journey]]\nname = "j"\n{journey}\n[[journey.step]]\nname = "a"\nurl = "http://h/"\n{step}\n'


@pytest.mark.parametrize(
    ("journey", "step", "told"),
    [
        ("", "status = 700", "6: journey[j].step[a].status: 700 is no HTTP status"),
        ("", "body_matches = '('", '6: journey[j].step[a].body_matches: "(" is no regular expression'),
        (
            "",
            "body_json = ['$.a = 1']",
            '6: journey[j].step[a].body_json: "$.a = 1" has a JSONPath that cannot be read',
        ),
        ("", "body_json = ['a']", '6: journey[j].step[a].body_json: "a" does not begin with $'),
        ("", "body_contains = '{{ csrf }}'", "6: journey[j].step[a].body_contains: names csrf, which no earlier step"),
        ("", "headers = { A = '{{ x.y }}' }", "6: journey[j].step[a].headers: names x.y, which no earlier step"),
        ("", "json = { a = ['{{ t }}'] }", "6: journey[j].step[a].json: names t, which no earlier step captures"),
        ("", "body = '{{ 1 }}'", "6: journey[j].step[a].body: has {{ without a name and }}"),
        ("", "capture.a = { html = 'a[' }", '6: journey[j].step[a].capture.a.html: "a[" is no CSS selector'),
        ("", "capture.a = { json = '$.[' }", '6: journey[j].step[a].capture.a.json: "$.[" has a JSONPath'),
        ("", "capture.a = { json = '$.a == 1' }", '6: journey[j].step[a].capture.a.json: "$.a == 1" compares'),
        ("", "capture.a = { regex = '[' }", '6: journey[j].step[a].capture.a.regex: "[" is no regular expression'),
        ("", "capture.a = { header = 'a b' }", '6: journey[j].step[a].capture.a.header: "a b" cannot be used'),
        ("", "capture.a = { }", "6: journey[j].step[a].capture.a: does not say where to look"),
        ("", "capture.a = 'x'", '6: journey[j].step[a].capture.a: "x" is no table'),
        ("", "capture = 'x'", '6: journey[j].step[a].capture: "x" is no table'),
        ("", "capture.1a = { cookie = 'x' }", "6: journey[j].step[a].capture.1a: is no name that a template can use"),
        ("", "capture.a = { cookie = 'x', regex = 'y' }", "6: journey[j].step[a].capture.a: looks in cookie and regex"),
        ("", "capture.a = { cookie = 'x', attribute = 'y' }", "capture.a.attribute: means nothing for cookie"),
        ("", "capture.a = { xpath = '//x' }", "6: journey[j].step[a].capture.a.xpath: is not known"),
        ("", "retry = { attempts = 0 }", "6: journey[j].step[a].retry.attempts: 0 is out of range"),
        ("", "retry = 3", "6: journey[j].step[a].retry: 3 is no table"),
        ("", "form = { a = 'b' }\nbody = 'c'", "7: journey[j].step[a].body: stands beside form"),
        ("", "form = { a = ['b'] }", '6: journey[j].step[a].form: the value of "a" is not a text'),
        ("", "form = 3", "6: journey[j].step[a].form: 3 is not a table"),
        ("", "json = { at = 2020-01-01 }", "6: journey[j].step[a].json: holds something that JSON does not have"),
        ("", f"json = {'[' * 40}1{']' * 40}", "6: journey[j].step[a].json: is more than 30 tables or lists deep"),
        ("", "service = 'shop/api'", '6: journey[j].step[a].service: "shop/api" is none of the journey\'s'),
        (
            "services = ['a']",
            "service = 'b'",
            '6: journey[j].step[a].service: "b" is none of the journey\'s; allowed: a',
        ),
        ("", "always_run = true", "journey[j].step: only cleans up"),
        ("", "[[journey.step]]\nname = 'a'\nurl = 'http://h/'", '7: journey[j].step[a].name: "a" is used twice'),
        ("", "[[journey.step]]\nname = 'b'", "6: journey[j].step[b].url: is missing"),
        (
            "",
            "[[journey.step]]\nname = 'b'\nurl = '/x'",
            "8: journey[j].step[b].url: begins with / and the journey has no",
        ),
        (
            "",
            "[[journey.step]]\nname = 'b'\nurl = 'ftp://h/'",
            "8: journey[j].step[b].url: does not begin with http://",
        ),
        ("", "[[journey.step]]\nname = 'b'\nurl = '/a b'", "8: journey[j].step[b].url: contains a blank"),
        ("", "[[journey.step]]\nname = 'b.c'\nurl = 'http://h/'", '7: journey[j].step[b.c].name: "b.c" cannot be used'),
        ("", "stauts = 3", "6: journey[j].step[a].stauts: is not known, did you mean status?"),
        ("", "jsn = 3", "6: journey[j].step[a].jsn: is not known, did you mean json?"),
        ("timeout = '2m'", "", "3: journey[j].timeout: is longer than the interval (60 s)"),
        ("secrets = { a = '' }", "", '3: journey[j].secrets: the value of "a" is empty'),
        ("secrets = { a-b_file = 'x' }", "", "3: journey[j].secrets.a-b_file: is not absolute"),
        ("secrets = { a_file = '/nowhere' }", "", "3: journey[j].secrets.a_file: cannot be read"),
        ("secrets = { a = 'x' }", "capture.a = { cookie = 'x' }", "capture.a: is a secret's name too"),
        ("secrets = 3", "", "3: journey[j].secrets: 3 is not a table"),
        ("depends_on = ['x']\nservices = ['y']", "", "3: journey[j].depends_on: stands beside services"),
        ("redact = [3]", "", "3: journey[j].redact: 3 is not a text"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_key(complaints: Complaints, journey: str, step: str, told: str) -> None:
    text = STEP.format(journey=journey, step=step).replace("\n\n", "\n" if journey else "\n\n")
    lines = complaints(text)
    assert any(told.partition(": ")[2] in line for line in lines), lines
    assert all(re.match(r"watchdog\.toml:\d+: journey", line) for line in lines), lines


def test_a_journey_needs_steps_and_a_name_of_its_own(complaints: Complaints) -> None:
    assert complaints("[[journey]]\nname = 'j'\n") == [
        "watchdog.toml:1: journey[j].step: is missing; allowed: [[journey.step]], one table a step"
    ]
    step = "step = [{ name = 'a', url = 'http://h/' }]\n"
    (told,) = complaints(f"[[endpoint]]\nname = 'x'\ntcp = 'h:1'\n[[journey]]\nname = 'x'\n{step}")
    assert told == 'watchdog.toml:5: journey[x].name: "x" is an endpoint too; allowed: another name'
    (told,) = complaints(f"[[journey]]\nname = 'x'\n{step}[[journey]]\nname = 'x'\n{step}")
    assert told.startswith('watchdog.toml:5: journey[x].name: "x" is a journey too')
    check = "[[service]]\nname = 's'\ncheck = [{ name = 'x', tcp = 'h:1' }]\n"
    (told,) = complaints(f"{check}[[journey]]\nname = 'x'\n{step}")
    assert '"x" is a check of s too' in told


def test_a_secret_is_in_no_complaint(complaints: Complaints) -> None:
    step = 'step = [{ name = "a", url = "http://h/", body_matches = "(${PIN}" }]'
    lines = complaints(f'[[journey]]\nname = "j"\n{step}\n', {"PIN": "s3cret"})
    assert lines
    assert "s3cret" not in "\n".join(lines)


_KEYS = st.text(max_size=8) | st.sampled_from(
    ["name", "url", "step", "capture", "form", "json", "body", "retry", "html", "cookie", "secrets", "services", "base"]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("{{ a }}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


def _near(valid: Any) -> st.SearchStrategy[Any]:
    """A right table of which some values are any."""
    return st.fixed_dictionaries({key: st.just(value) | ANY for key, value in valid.items()})


_STEP = _near({"name": "a", "url": "http://h/", "form": {"a": "b"}, "capture": {"x": {"cookie": "y"}}, "retry": {}})
_JOURNEY = st.fixed_dictionaries(
    {"name": st.just("j") | ANY, "step": st.lists(_STEP, max_size=3) | ANY},
    optional={"services": ANY, "secrets": ANY, "base": ANY, "redact": ANY, "interval": ANY},
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_JOURNEY | ANY)
def test_whatever_is_written_is_read_or_refused(raw: Any) -> None:
    problems = Problems()
    found = read_journey(raw, ("journey", 0), problems, interval=60.0, health=HealthSettings())
    assert (found is None) == bool(problems.found)
