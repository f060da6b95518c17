from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.config.environment import variables
from watchdog.model.settings import OnStop


def test_the_environment_outranks_the_file_key_by_key(settings_of: Load) -> None:
    found = settings_of(
        "[recovery]\nmax_attempts = 5\nwindow = '1h'\n",
        {
            "WATCHDOG_RECOVERY__MAX_ATTEMPTS": "7",
            "WATCHDOG_RECOVERY__ON_STOP": "respect",
            "WATCHDOG_RECOVERY__ENABLED": "off",
            "WATCHDOG_HEALTH__SOAK": "2m",
            "WATCHDOG_DISCOVERY__EXCLUDE": "ci-*, shop/debug",
            "WATCHDOG_ALERT__PING": "https://hc.example/x",
        },
    )
    assert (found.recovery.max_attempts, found.recovery.window) == (7, 3600.0)
    assert (found.recovery.on_stop, found.recovery.enabled) == (OnStop.RESPECT, False)
    assert found.health.soak == 120.0
    assert found.discovery.exclude == ("ci-*", "shop/debug")
    assert found.alert.ping == "https://hc.example/x"


def test_an_empty_variable_counts_as_unset(settings_of: Load) -> None:
    assert settings_of("watch.interval = 7", {"WATCHDOG_WATCH__INTERVAL": ""}).interval == 7.0


def test_lists_of_tables_come_as_json(settings_of: Load, complaints: Complaints) -> None:
    found = settings_of(
        '[[endpoint]]\nname = "old"\ntcp = "db:1"\n',
        {
            "WATCHDOG_ENDPOINT": '[{"name": "shop", "url": "http://shop/", "status": [200, 204]}]',
            "WATCHDOG_SERVICE": '[{"name": "webui", "recovery": {"window": 60}}]',
            "WATCHDOG_ALERT__RECEIVER": '[{"name": "pager", "command": "tell --team \'shop one\'"}]',
            "WATCHDOG_ALERT__TIMEOUT": "3s",
        },
    )
    assert [endpoint.name for endpoint in found.endpoints] == ["shop"]
    assert found.services[0][1].recovery.window == 60.0
    assert found.alert.receivers[0].command == ("tell", "--team", "shop one")
    assert found.alert.receivers[0].timeout == 3.0
    assert complaints("", {"WATCHDOG_ALERT__RECEIVER": "3"}) == [
        "environment: WATCHDOG_ALERT__RECEIVER: is not a list of tables; allowed: the tables as a JSON array of objects"
    ]
    assert complaints("", {"WATCHDOG_ENDPOINT": "{}"}) == [
        "environment: WATCHDOG_ENDPOINT: is not a list of tables; allowed: the tables as a JSON array of objects"
    ]
    assert complaints("", {"WATCHDOG_ENDPOINT": "[" * 100_000}) != []
    assert complaints("", {"WATCHDOG_SERVICE": '[{"name": "webui", "weight": -1}]'}) == [
        "environment: WATCHDOG_SERVICE: service[webui].weight: -1 is out of range; allowed: a number from 0 to 1000"
    ]


def test_an_unknown_variable_is_an_error_that_names_the_nearest(complaints: Complaints) -> None:
    (line,) = complaints("", {"WATCHDOG_RECOVERY__MAX_ATEMPTS": "3"})
    assert line.startswith("environment: WATCHDOG_RECOVERY__MAX_ATEMPTS: is not known, did you mean ")
    assert "WATCHDOG_RECOVERY__MAX_ATTEMPTS?" in line


def test_variables_of_systemd_and_of_the_command_line_are_no_settings(settings_of: Load) -> None:
    settings_of("", {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1", "WATCHDOG_DEBUG": "1", "watchdog_x": "1"})


def test_a_wrong_variable_is_told_by_its_name(complaints: Complaints) -> None:
    (line,) = complaints("[watch]\ninterval = 5\n", {"WATCHDOG_WATCH__INTERVAL": "soon"})
    assert line.startswith('environment: WATCHDOG_WATCH__INTERVAL: "soon" is not a duration; allowed: a duration from')


@pytest.mark.parametrize("variable", variables())
def test_every_variable_reaches_the_rule_of_its_key(variable: str, complaints: Complaints) -> None:
    wrong = "\n" if not variable.endswith(("EXCLUDE", "REFERENCES", "APPROVAL")) else "\x01"
    lines = complaints("", {variable: wrong})
    assert lines[0].startswith(f"environment: {variable}: ")


def test_dockers_variables_count_where_no_engine_is_configured(settings_of: Load, complaints: Complaints) -> None:
    docker = {"DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_TLS_VERIFY": "0", "DOCKER_CERT_PATH": "/certs"}
    found = settings_of("engine.timeout = 3", docker).engine
    assert (found.host, found.tls_verify, found.cert_path, found.timeout) == (
        "tcp://10.0.0.1:2376",
        True,
        Path("/certs"),
        3.0,
    )
    named = settings_of('engine.host = "unix:///run/d.sock"', docker).engine
    assert (named.host, named.tls_verify, named.cert_path) == ("unix:///run/d.sock", False, None)
    ours = settings_of("", docker | {"WATCHDOG_ENGINE__HOST": "tcp://10.0.0.9:2375"}).engine
    assert (ours.host, ours.tls_verify) == ("tcp://10.0.0.9:2375", False)
    (line,) = complaints("", {"DOCKER_HOST": "ssh://me@host"})
    assert line.startswith("environment: DOCKER_HOST: ssh:// is not spoken")


def test_an_unset_variable_in_a_text_is_an_error(complaints: Complaints) -> None:
    assert complaints('[discovery]\nexclude = ["x",\n "${GONE}", "${A:-b}"]', {}) == [
        (
            "watchdog.toml:3: discovery.exclude[2]: refers to ${GONE}, which the environment does not have; "
            "allowed: a variable that is set"
        ),
        "watchdog.toml:3: discovery.exclude[3]: refers to ${A…}; allowed: ${NAME}, or $${ for a plain ${",
    ]


RECEIVER = "[[alert.receiver]]\nname = 'chat'\n"


def test_a_secret_comes_from_a_file(settings_of: Load, tmp_path: Path) -> None:
    token, url = tmp_path / "token", tmp_path / "url"
    token.write_text("s3cret\r\n")
    url.write_text("https://hooks.example/abc\n")
    found = settings_of(
        f'{RECEIVER}webhook_file = "{url}"\ntoken_file = "{token}"', {"WATCHDOG_ALERT__PING_FILE": str(url)}
    )
    (receiver,) = found.alert.receivers
    assert (receiver.address, receiver.token, found.alert.ping) == (
        "https://hooks.example/abc",
        "s3cret",
        "https://hooks.example/abc",
    )


def test_a_variable_outranks_the_twin_in_the_file(settings_of: Load, tmp_path: Path) -> None:
    file = tmp_path / "ping"
    file.write_text("http://from.file/")
    plain = settings_of(f'alert.ping_file = "{file}"', {"WATCHDOG_ALERT__PING": "http://plain/"})
    assert plain.alert.ping == "http://plain/"
    twin = settings_of('alert.ping = "http://plain/"', {"WATCHDOG_ALERT__PING_FILE": str(file)})
    assert twin.alert.ping == "http://from.file/"


def test_a_secret_is_given_once(complaints: Complaints, tmp_path: Path) -> None:
    assert complaints(f'[alert]\nping = "http://a/"\nping_file = "{tmp_path}"') == [
        "watchdog.toml:3: alert.ping_file: stands beside ping; allowed: one of the two"
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory; allowed: a file that holds the secret"),
        (b"\n", "is empty; allowed: text in printable ASCII on one line"),
        (b"one\ntwo", "contains a line break or another control character; allowed:"),
        (b"\xff", "line 1 is not UTF-8 text; allowed:"),
        (b"x" * 70_000, "is larger than 65536 bytes; allowed:"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told(
    content: bytes | None, sentence: str, complaints: Complaints, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_bytes(content)
    (line,) = complaints(f'{RECEIVER}webhook = "http://a/"\ntoken_file = "{token}"')
    assert line.startswith(f"watchdog.toml:4: alert.receiver[chat].token_file: {sentence}")


def test_what_a_file_holds_obeys_the_rule_of_its_key(complaints: Complaints, tmp_path: Path) -> None:
    ping = tmp_path / "ping"
    ping.write_text("hooks.example/hush")
    (line,) = complaints(f'alert.ping_file = "{ping}"')
    assert line.startswith("watchdog.toml:1: alert.ping_file: does not begin with http:// or https://; allowed: ")
    assert "hush" not in line


def test_no_message_shows_a_secret(complaints: Complaints) -> None:
    lines = complaints(
        """
        [alert]
        ping = "htp://hooks.example/hush"
        [[alert.receiver]]
        name = "chat"
        webhook = "http://hooks.example/"
        token = "hush\\u0000"
        [watch]
        interval = "${HUSH}"
        [[service]]
        name = "${HUSH} "
        [[endpoint]]
        name = "e"
        url = "http://me:hush@shop/"
        headers = { Cookie = "hush\\r\\nX: y" }
        authorization = "hush\\n"
        """,
        {"HUSH": "hush", "WATCHDOG_ALERT__PING_FILE": "hush\n"},
    )
    assert len(lines) == 7
    assert "hush" not in "\n".join(lines).lower().replace("${hush}", "")
