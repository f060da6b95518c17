from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.config.conftest import Complaints, Load
from watchdog.config import document
from watchdog.config.load import load_settings
from watchdog.errors import ConfigurationError
from watchdog.model.identity import ServiceKey
from watchdog.model.settings import DiscoveryMode, OnStop, RollbackMode, Settings

EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text()


def test_without_a_file_everything_has_its_default() -> None:
    assert load_settings(None, {}) == Settings()


def test_the_default_file_is_read_where_it_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[watch]\ninterval = 5\n")
    monkeypatch.setattr(document, "DEFAULT_FILE", file)
    found = load_settings(None, {})
    assert (found.interval, found.source) == (5.0, file)


def test_a_variable_names_the_file_and_an_argument_outranks_it(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text("watch.interval = '1s'")
    two.write_text("watch.interval = '2s'")
    environ = {"WATCHDOG_CONFIG": str(one)}
    assert load_settings(None, environ).interval == 1
    assert load_settings(two, environ).interval == 2


def test_each_section_reaches_its_settings(settings_of: Load) -> None:
    found = settings_of("""
        engine = { host = "tcp://10.0.0.2:2376", tls_verify = true, cert_path = "/certs", timeout = "3s", settle = 0 }
        discovery = { mode = "labelled", exclude = ["ci-*"] }
        watch.interval = "90s"
        health = { failures = 3, successes = 2, retry_interval = "500ms", soak = "2m", stable = "5s" }
        api = { listen = "[::1]:9000", socket = "/tmp/w.sock" }
        state = { dir = "/srv/w", run_dir = "/tmp/run", key_file = "/etc/w.key", retention = "30d" }
        alert = { timeout = 2, critical_after = "1m", ping = "https://hc.example/x", ping_interval = 30 }
        [recovery]
        enabled = false
        max_attempts = 1
        on_stop = "respect"
        rollback = "never"
        concurrency = 8
        restarts_per_minute = 2
        backoff = 1.5
    """)
    assert (found.engine.host, found.engine.tls_verify, found.engine.cert_path) == (
        "tcp://10.0.0.2:2376",
        True,
        Path("/certs"),
    )
    assert (found.engine.timeout, found.engine.settle, found.interval) == (3.0, 0.0, 90.0)
    assert (found.discovery.mode, found.discovery.exclude) == (DiscoveryMode.LABELLED, ("ci-*",))
    assert (found.health.failures, found.health.retry_interval, found.health.soak) == (3, 0.5, 120.0)
    assert (found.api.host, found.api.port, found.api.socket) == ("::1", 9000, Path("/tmp/w.sock"))
    assert (found.state.dir, found.state.key_file, found.state.retention) == (
        Path("/srv/w"),
        Path("/etc/w.key"),
        30 * 86400.0,
    )
    assert (found.alert.timeout, found.alert.critical_after) == (2.0, 60.0)
    assert (found.alert.ping, found.alert.ping_interval) == ("https://hc.example/x", 30.0)
    assert (found.recovery.enabled, found.recovery.max_attempts, found.recovery.backoff) == (False, 1, 1.5)
    assert (found.recovery.on_stop, found.recovery.rollback) == (OnStop.RESPECT, RollbackMode.NEVER)
    assert (found.recovery.concurrency, found.recovery.restarts_per_minute) == (8, 2)
    assert found.recovery.absence_grace == Settings().recovery.absence_grace


def test_listening_can_be_switched_off(settings_of: Load) -> None:
    found = settings_of('api.listen = "off"')
    assert (found.api.host, found.api.port) == ("", 0)


def test_a_service_inherits_what_it_does_not_override(settings_of: Load) -> None:
    found = settings_of("""
        [health]
        failures = 4
        [recovery]
        window = "1h"
        [[service]]
        name = "webui"
        project = "shop"
        depends_on = ["api", "infra/cache"]
        weight = 2
        stop_timeout = "30s"
        [service.health]
        soak = "5m"
        [service.recovery]
        max_attempts = 9
    """)
    ((key, service),) = found.services
    assert key == ServiceKey("shop", "webui")
    assert (service.configured, service.enabled, service.weight, service.stop_timeout) == (True, True, 2.0, 30.0)
    assert service.depends_on == ("api", "infra/cache")
    assert service.health == replace(found.health, soak=300.0)
    assert service.recovery == replace(found.recovery, max_attempts=9)
    assert (service.health.failures, service.recovery.window) == (4, 3600.0)


def test_broken_toml_is_told_with_line_and_column(complaints: Complaints) -> None:
    assert complaints("[watch]\ninterval = \n") == ["watchdog.toml:2: is not TOML: Invalid value (column 12)"]
    assert complaints("[watch") == [
        "watchdog.toml:1: is not TOML: Expected ']' at the end of a table declaration (end of the file)"
    ]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    absent, binary, large, pipe = (tmp_path / name for name in ("absent", "binary", "large", "pipe"))
    binary.write_bytes(b"a = 1\n\xff")
    large.write_text("#" * 1_048_577)
    os.mkfifo(pipe)
    for path, sentence in [
        (absent, "there is no such file; name one that exists"),
        (tmp_path, "cannot be read: Is a directory"),
        (binary, "line 2 is not UTF-8 text"),
        (large, "is larger than 1048576 bytes"),
        (pipe, "is not a regular file"),
        (binary / "x", "cannot be read: Not a directory"),
        (Path("/nul\0"), "embedded null byte"),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            load_settings(path, {})
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)


def test_text_from_the_environment_is_put_in(settings_of: Load) -> None:
    found = settings_of(
        'alert.ping = "https://${HOST}/x"\ndiscovery.exclude = ["say", "$${HOST}", "5$", "${EMPTY}-"]',
        {"HOST": "hooks.example", "EMPTY": ""},
    )
    assert found.alert.ping == "https://hooks.example/x"
    assert found.discovery.exclude == ("say", "${HOST}", "5$", "-")


def nested(depth: int) -> bytes:
    return b"a = " + b"[" * depth + b"]" * depth


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a=", "}"), ("{a=[", "]}")])
def test_tables_and_lists_may_stand_as_deep_in_one_another_as_they_like(opening: str, closing: str, file: Path) -> None:
    for depth in range(1, 600, 7):
        file.write_text(f"a = {opening * depth}1{closing * depth}")
        assert_judged(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
@example(nested(2000))
@example(b"watch.interval = " + b"1" * 5000)
@example(b"watch.interval = nan")
@example(b"watch.interval = 1979-05-27")
@example(b"watch = 3\nservice = 3\nendpoint = [3]\n[[recovery]]")
@example(b"[[service]]\nname='a'\ncheck = 1\nhealth = []\n[[service]]\n'' = 1\n")
def test_any_file_is_settings_or_a_configuration_error(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert_judged(file)


WORDS = st.sampled_from(
    [
        '"',
        "'",
        "[",
        "]",
        "[[",
        "]]",
        "=",
        "\n",
        "{",
        "}",
        ",",
        "-1",
        "true",
        '"${X}"',
        "nan",
        "1e999",
        '""',
        ".",
        "#",
        "'\\'",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), WORDS), max_size=4))
def test_any_mistake_in_a_right_file_is_told(file: Path, mistakes: list[tuple[int, str]]) -> None:
    lines = EXAMPLE.replace("\n#", "\n").splitlines()
    for number, word in mistakes:
        line = lines[number % len(lines)]
        lines[number % len(lines)] = line.partition("=")[0] + "=" + word
    file.write_text("\n".join(line for line in lines if not line.startswith(" ")))
    assert_judged(file)


def assert_judged(file: Path) -> None:
    try:
        assert isinstance(load_settings(file, {}), Settings)
    except ConfigurationError as error:
        for line in str(error).splitlines():
            assert line.startswith((f"{file}", "and "))
            assert len(line) < 1000
