from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import Load
from watchdog.config.checks.kinds import BY_LABEL
from watchdog.config.labels import RULES, Resolved, resolve
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.network import TcpProbe
from watchdog.model.settings import OnStop, RecoverySettings, ServiceSettings, Settings

WEBUI = ServiceKey("shop", "webui")


def test_without_configuration_and_labels_a_service_has_the_defaults() -> None:
    settings = Settings(recovery=RecoverySettings(max_attempts=8))
    expected = ServiceSettings(recovery=RecoverySettings(max_attempts=8))
    assert resolve(settings, WEBUI, {"com.example": "x"}) == Resolved(settings=expected)


def test_labels_describe_a_service() -> None:
    found = resolve(
        Settings(),
        WEBUI,
        {
            "watchdog.enable": "true",
            "watchdog.depends-on": "api, infra/cache",
            "watchdog.weight": "2.5",
            "watchdog.on-stop": "respect",
            "watchdog.absence-grace": "30s",
            "autoheal": "true",
            "autoheal.stop.timeout": "20",
            "watchdog.check.ready.url": "http://127.0.0.1:8000/ready",
            "watchdog.check.ready.status": "200, 3xx",
            "watchdog.check.ready.body-matches": "ok",
            "watchdog.check.ready.interval": "15s",
            "watchdog.check.port.tcp": "127.0.0.1:8000",
        },
    )
    assert found.problems == ()
    service = found.settings
    assert (service.enabled, service.depends_on, service.weight) == (True, ("api", "infra/cache"), 2.5)
    assert (service.recovery.on_stop, service.recovery.absence_grace) == (OnStop.RESPECT, 30.0)
    assert service.stop_timeout == 20.0
    assert service.checks == (
        Check(name="port", probe=TcpProbe(tcp="127.0.0.1:8000"), service=WEBUI),
        Check(
            name="ready",
            probe=HttpProbe(url="http://127.0.0.1:8000/ready", status=((200, 200), (300, 399)), body_matches="ok"),
            service=WEBUI,
            interval=15.0,
        ),
    )


def test_the_service_with_its_project_outranks_the_one_without(settings_of: Load) -> None:
    settings = settings_of("""
        [[service]]
        name = "webui"
        weight = 2
        [[service]]
        name = "webui"
        project = "shop"
        weight = 3
    """)
    assert resolve(settings, WEBUI, {}).settings.weight == 3
    assert resolve(settings, replace(WEBUI, number=2), {}).settings.weight == 3
    assert resolve(settings, ServiceKey("other", "webui"), {}).settings.weight == 2
    assert resolve(settings, ServiceKey("", "webui"), {}).settings.configured
    assert not resolve(settings, ServiceKey("shop", "api"), {}).settings.configured


def test_the_endpoints_of_a_service_are_among_its_checks(settings_of: Load) -> None:
    settings = settings_of("""
        [[endpoint]]
        name = "here"
        service = "webui"
        url = "http://shop/"
        [[endpoint]]
        name = "elsewhere"
        service = "blog/webui"
        url = "http://blog/"
        [[endpoint]]
        name = "nobody"
        url = "http://x/"
    """)
    (check,) = resolve(settings, WEBUI, {}).settings.checks
    assert (check.name, check.endpoint, check.service) == ("here", True, WEBUI)


def test_labels_cannot_undo_what_the_configuration_says(settings_of: Load) -> None:
    settings = settings_of("""
        [[service]]
        name = "webui"
        enabled = false
        check = [{ name = "ready", url = "http://h/" }]
    """)
    found = resolve(settings, WEBUI, {"watchdog.enable": "true", "watchdog.check.ready.url": "http://other/"})
    assert not found.settings.enabled
    assert [check.target for check in found.settings.checks] == ["http://h/"]
    assert found.problems == (
        'label "watchdog.check.ready" of shop/webui: is configured already; the label is ignored',
    )


@pytest.mark.parametrize("key", ["headers", "authorization", "authorization_file", "authorization-file", "command"])
def test_labels_carry_no_secret_and_name_no_file(key: str) -> None:
    found = resolve(Settings(), WEBUI, {"watchdog.check.c.url": "http://h/", f"watchdog.check.c.{key}": "/etc/shadow"})
    assert found.settings.checks == ()
    assert any("is no key of a check's label" in problem for problem in found.problems)


def test_labels_do_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSH", "hush")
    found = resolve(Settings(), WEBUI, {"watchdog.check.c.url": "http://h/${HUSH}"})
    assert found.settings.checks[0].target == "http://h/${HUSH}"


@pytest.mark.parametrize(
    ("label", "value", "problem"),
    [
        ("watchdog.enable", "yes", '"yes" is neither true nor false; allowed: true or false'),
        ("watchdog.weight", "-1", '"-1" is out of range; allowed: a number from 0 to 1000'),
        ("watchdog.on-stop", "ignore", '"ignore" is no choice here; allowed: "recover" or "respect"'),
        ("watchdog.depends-on", "a/b/c", '"a/b/c" is no service name; allowed: a list of NAME or PROJECT/NAME'),
        ("watchdog.absence-grace", "1h", "is longer than absence_max (120 s); allowed: at most that"),
        ("watchdog.wieght", "1", "is not known, did you mean watchdog.weight?; allowed: "),
        ("watchdog.check.c.uri", "http://h/", "is no key of a check's label, did you mean url?; allowed: "),
        ("watchdog.check.c.url", "file:///etc/passwd", "does not begin with http:// or https://; allowed: "),
        ("watchdog.check.url", "http://h/", "is empty; allowed: letters, digits"),
    ],
)
def test_a_bad_label_is_told_and_ignored(label: str, value: str, problem: str) -> None:
    found = resolve(Settings(), WEBUI, {label: value})
    assert found.settings == ServiceSettings()
    assert any(problem in sentence and sentence.endswith("; the label is ignored") for sentence in found.problems)


def test_only_so_many_checks_are_taken_from_labels() -> None:
    labels = {f"watchdog.check.c{number}.tcp": "h:1" for number in range(40)}
    found = resolve(Settings(), WEBUI, labels)
    assert len(found.settings.checks) == 32
    assert len(found.problems) == 8


NAMES = st.one_of(
    st.text(max_size=20),
    st.sampled_from([*RULES, "autoheal", "watchdog.", "watchdog.check.", "watchdog.check.a"]),
    st.tuples(st.sampled_from(["a", "", "a.b", "\n"]), st.sampled_from(sorted(BY_LABEL))).map(
        lambda parts: f"watchdog.check.{parts[0]}.{parts[1].replace('_', '-')}"
    ),
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["http://h/", "h:1", "1", "0", "nan", "1e999", "(" * 5000, "a" * 70_000, "true", "2h", "[::1]:1"]),
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_any_labels_give_settings_and_bounded_sentences(labels: dict[str, str]) -> None:
    found = resolve(Settings(), WEBUI, labels)
    assert all(check.service == WEBUI for check in found.settings.checks)
    assert all(len(problem) < 1000 and "\n" not in problem for problem in found.problems)


@pytest.mark.parametrize("said", ["webui", "shop/webui", "shop/webui#2"])
def test_a_label_may_ask_from_its_own_container(said: str) -> None:
    own = replace(WEBUI, number=2)
    found = resolve(Settings(), own, {"watchdog.check.c.tcp": "db:5432", "watchdog.check.c.from": said})
    assert found.problems == ()
    (check,) = found.settings.checks
    assert (check.vantage, check.service) == (own, own)


@pytest.mark.parametrize("said", ["db", "other/webui", "shop/webui#3"])
def test_a_label_may_not_ask_from_the_container_of_another_service(said: str) -> None:
    found = resolve(Settings(), WEBUI, {"watchdog.check.c.tcp": "127.0.0.1:1", "watchdog.check.c.from": said})
    assert found.settings.checks == ()
    (problem,) = found.problems
    assert f'"{said}" is another service\'s network; allowed: webui' in problem


def test_a_label_says_nothing_to_a_port(settings_of: Load) -> None:
    found = resolve(settings_of(""), WEBUI, {"watchdog.check.c.tcp": "h:1", "watchdog.check.c.send": "FLUSHALL"})
    assert found.settings.checks == ()
    assert "is no key of a check's label" in found.problems[0]


def test_a_heartbeat_by_label_has_no_token_and_recovers_only_what_a_call_can_prove() -> None:
    alive = {"watchdog.check.alive.heartbeat": "30s", "watchdog.check.alive.on-failure": "recover"}
    (check,) = resolve(Settings(), WEBUI, alive).settings.checks
    assert (check.failures, check.service) == (1, WEBUI)
    daily = alive | {"watchdog.check.alive.heartbeat": "24h"}
    (problem,) = resolve(Settings(), WEBUI, daily).problems
    assert "is longer than verify_timeout (60 s)" in problem
    (problem,) = resolve(Settings(), WEBUI, alive | {"watchdog.check.alive.token": "x" * 20}).problems
    assert "is no key of a check's label" in problem


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("url", "http://127.0.0.1/"),
        ("tcp", "127.0.0.1:22"),
        ("dns", "shop.test"),
        ("exec", "true"),
        ("exec", "false"),
        ("logs", "(?=a)b"),
    ],
)
@pytest.mark.parametrize("pattern", ["(?=a)b", "(?<!a)b", r"(a)\1", "a{2000}"])
def test_a_label_may_not_ask_for_a_search_that_backtracks(label: str, value: str, pattern: str) -> None:
    expecting = {
        "url": {"body-matches": pattern},
        "tcp": {"expect": pattern},
        "dns": {"answers-match": pattern},
        "exec": {"output-matches": pattern} if value == "true" else {"output": f"matches /{pattern}/"},
        "logs": {"max-per-minute": "1"},
    }[label]
    value = pattern if label == "logs" else value
    labels = {f"watchdog.check.a.{name}": text for name, text in ({label: value} | expecting).items()}
    found = resolve(Settings(), WEBUI, labels)
    assert found.settings.checks == ()
    assert "whose search may take for ever: only the configuration may ask for it" in " ".join(found.problems)
    harmless = {name: text.replace(pattern, "ab+") for name, text in labels.items()}
    assert len(resolve(Settings(), WEBUI, harmless).settings.checks) == 1


@pytest.mark.parametrize("expectation", ["$.a matches /(?=a)b/", "$[?match(@.a, '(?=a)b')]"])
def test_nor_in_a_document(expectation: str) -> None:
    labels = {"watchdog.check.a.url": "http://127.0.0.1/", "watchdog.check.a.body-json": expectation}
    found = resolve(Settings(), WEBUI, labels)
    assert found.settings.checks == ()
    assert "look-around" in " ".join(found.problems)


def test_the_configuration_may(settings_of: Load) -> None:
    written = """
    [[endpoint]]
    name = "page"
    url = "http://127.0.0.1/"
    body_matches = "(?=a)b"
    body_json = ["$[?match(@.a, '(?=a)b')]"]
    """
    (page,) = settings_of(written).endpoints
    assert isinstance(page.probe, HttpProbe)
    assert page.probe.body_matches == "(?=a)b"
