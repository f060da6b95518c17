"""`watchdog alert test` says of each receiver whether it took the alert."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.e2e.receiver import receiver


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "watchdog.toml"


def test_each_receiver_gets_one_and_what_came_of_it_is_said(run: Run, file: Path, tmp_path: Path) -> None:
    with receiver("127.0.0.1") as there:
        file.write_text(
            f'[[alert.receiver]]\nname = "chat"\nwebhook = "{there.url}"\n'
            f'[[alert.receiver]]\nname = "pager"\ncommand = ["sh", "-c", "cat > {tmp_path}/told"]\n'
        )
        ended = run("alert", "test", "--config", str(file))
        assert (ended.code, ended.out) == (0, "chat: delivered\npager: delivered\n")
        (alert,) = there.got
    assert (alert["state"], alert["severity"], alert["subject"]) == ("firing", "info", "watchdog")
    assert json.loads((tmp_path / "told").read_text())["key"] == alert["key"]


def test_one_that_fails_is_a_1_with_its_reason(run: Run, file: Path) -> None:
    file.write_text(
        '[[alert.receiver]]\nname = "chat"\nwebhook = "http://127.0.0.1:1/hush"\n'
        '[[alert.receiver]]\nname = "am"\nalertmanager = "http://127.0.0.1:1"\n'
        '[[alert.receiver]]\nname = "mail"\napprise = "json://127.0.0.1:1/hush"\n'
        '[[alert.receiver]]\nname = "pager"\ncommand = ["true"]\n'
    )
    ended = run("alert", "test", "--config", str(file))
    assert ended.code == 1
    chat, manager, mail, pager = ended.out.splitlines()
    assert chat == "chat: failed: the webhook at 127.0.0.1 does not answer (ClientConnectorError)"
    assert manager == "am: failed: the Alertmanager at 127.0.0.1 does not answer (ClientConnectorError)"
    assert mail.startswith("mail: failed: json:// did not take it")
    assert pager == "pager: delivered"
    assert "hush" not in ended.out + ended.err
    assert run("alert", "test", "pager", "--config", str(file)).code == 0


def test_a_name_that_nobody_has_is_a_64_and_no_receiver_a_1(run: Run, file: Path) -> None:
    file.write_text('[[alert.receiver]]\nname = "pager"\ncommand = ["true"]\n')
    ended = run("alert", "test", "chat", "--config", str(file))
    assert ended.code == 64
    assert "no receiver is called chat; configured: pager." in ended.err
    file.write_text("")
    ended = run("alert", "test", "--config", str(file))
    assert ended.code == 1
    assert "[[alert.receiver]]" in ended.out


def test_apprise_itself_says_nothing(file: Path) -> None:
    file.write_text(
        '[[alert.receiver]]\nname = "a"\napprise = "json://127.0.0.1:1/hush"\n'
        '[[alert.receiver]]\nname = "b"\napprise = "mailto://hush"\n'
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHDOG_")}
    wrong = subprocess.run(
        [sys.executable, "-m", "watchdog", "config", "check", "--config", file],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 64
    assert len(wrong.stderr.splitlines()) == 1
    assert "hush" not in wrong.stdout + wrong.stderr
    file.write_text(file.read_text().partition('[[alert.receiver]]\nname = "b"')[0])
    failed = subprocess.run(
        [sys.executable, "-m", "watchdog", "alert", "test", "--config", file],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (failed.returncode, failed.stderr) == (1, "")
    assert "hush" not in failed.stdout
