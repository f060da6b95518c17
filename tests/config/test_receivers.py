"""Receivers of alerts as they are written."""

from __future__ import annotations

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.model.settings import ReceiverKind, ReceiverSettings

NAMED = "[[alert.receiver]]\nname = 'chat'\n"


def test_each_kind_is_read_with_its_keys(settings_of: Load) -> None:
    found = settings_of("""
        alert.timeout = "3s"
        [[alert.receiver]]
        name = "chat"
        webhook = "https://hooks.example/x"
        token = "t"
        secret = "s"
        timeout = "1s"
        [[alert.receiver]]
        name = "prometheus"
        alertmanager = "http://127.0.0.1:9093"
        token = "t"
        [[alert.receiver]]
        name = "mail"
        apprise = "mailtos://ops:s3cret@example.org?to=ops@example.org"
        [[alert.receiver]]
        name = "pager"
        command = "tell 'team one'"
    """)
    assert found.alert.receivers == (
        ReceiverSettings(
            name="chat",
            kind=ReceiverKind.WEBHOOK,
            address="https://hooks.example/x",
            token="t",  # noqa: S106 - of the test
            secret="s",  # noqa: S106 - of the test
            timeout=1.0,
        ),
        ReceiverSettings(
            name="prometheus",
            kind=ReceiverKind.ALERTMANAGER,
            address="http://127.0.0.1:9093",
            token="t",  # noqa: S106 - of the test
            timeout=3.0,
        ),
        ReceiverSettings(
            name="mail",
            kind=ReceiverKind.APPRISE,
            address="mailtos://ops:s3cret@example.org?to=ops@example.org",
            timeout=3.0,
        ),
        ReceiverSettings(name="pager", kind=ReceiverKind.COMMAND, command=("tell", "team one"), timeout=3.0),
    )
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("webhook = 'http://'", "3: alert.receiver[chat].webhook: has no host"),
        ("webhook = 'http:///x'", "3: alert.receiver[chat].webhook: has no host"),
        ("webhook = 'hooks.example'", "3: alert.receiver[chat].webhook: does not begin with http:// or https://"),
        ("alertmanager = 'http://u:p@am:9093'", "3: alert.receiver[chat].alertmanager: carries a password"),
        (
            "apprise = 'nosuch://x'",
            "3: alert.receiver[chat].apprise: begins with nosuch://, which Apprise does not know",
        ),
        ("apprise = 'mailto://'", "3: alert.receiver[chat].apprise: is no whole address of mailto://"),
        ("apprise = 'ops@example.org'", "3: alert.receiver[chat].apprise: does not begin with a scheme and ://"),
        ("command = []", "3: alert.receiver[chat].command: is empty"),
        ("command = ['']", "3: alert.receiver[chat].command: is empty"),
        ("command = ' '", "3: alert.receiver[chat].command: has no words"),
        ('command = "x \'y"', "3: alert.receiver[chat].command: cannot be split into words (no closing quotation)"),
        ("", "1: alert.receiver[chat]: does not say where to; allowed: exactly one of webhook, alertmanager"),
        ("webhook = 'http://a/'\ncommand = 'x'", "1: alert.receiver[chat]: names webhook and command; allowed:"),
        ("command = 'x'\nsecret = 's'", "4: alert.receiver[chat].secret: means nothing for command; allowed: webhook"),
        (
            "command = 'x'\ntoken_file = '/t'",
            "4: alert.receiver[chat].token_file: means nothing for command; allowed: a",
        ),
        ("webhook = 'http://a/'\nurl = 3", "4: alert.receiver[chat].url: is not known"),
        ("webhook_file = '/nowhere'", "3: alert.receiver[chat].webhook_file: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_delivered_to_is_refused_with_its_line(text: str, sentence: str, complaints: Complaints) -> None:
    lines = complaints(NAMED + text)
    assert lines[0].startswith(f"watchdog.toml:{sentence}")
    assert "; allowed: " in lines[0]


def test_a_name_is_given_once_and_files_are_always_there(complaints: Complaints) -> None:
    lines = complaints(f"{NAMED}command = 'x'\n{NAMED}command = 'y'\n[[alert.receiver]]\nname = 'files'\ncommand = 'z'")
    assert [line.partition("; ")[0] for line in lines] == [
        'watchdog.toml:5: alert.receiver[chat].name: "chat" is used twice',
        'watchdog.toml:8: alert.receiver[files].name: "files" means the files',
    ]


@pytest.mark.parametrize("address", ["nosuch://hush@x", "mailto://hush", "hush", "discord://hush"])
def test_no_message_shows_an_address(address: str, complaints: Complaints, capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = complaints(f"{NAMED}apprise = '{address}'")
    told = capfd.readouterr()
    assert "hush" not in line + told.out + told.err
