"""Commands on the host: bounded in time, bytes and what they leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.eventually import eventually
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.inside import CommandProbe
from watchdog.probes import Prober

DEADLINE = 30.0


async def ask(prober: Prober, *command: str, timeout: float = DEADLINE, **probe: object) -> Observation:  # noqa: ASYNC109 - the check's
    asked = CommandProbe(command=command, **probe)  # type: ignore[arg-type]
    return await prober.ask(Check(name="host", probe=asked, timeout=timeout))


async def shell(prober: Prober, script: str, timeout: float = DEADLINE, **probe: object) -> Observation:  # noqa: ASYNC109 - the check's
    return await ask(prober, "sh", "-c", script, timeout=timeout, **probe)


async def test_the_verdict_is_by_exit_code_and_output(prober: Prober) -> None:
    assert (await shell(prober, "echo 7; echo 8 >&2")).evidence["output"] == "7 8"
    assert (await shell(prober, "echo 7", output="> 6")).verdict is Verdict.PASS
    found = await shell(prober, "exit 4")
    assert (found.verdict, found.evidence) == (Verdict.FAIL, {"class": "exit_code", "exit_code": 4, "output": ""})


async def test_a_program_that_is_not_there_is_a_mistake_and_no_failure(prober: Prober) -> None:
    found = await ask(prober, "/no/such/program")
    assert found.verdict is Verdict.UNKNOWN
    assert found.reason == "/no/such/program cannot be run: No such file or directory"


async def test_it_is_told_what_it_needs_and_none_of_the_daemon_s_settings(
    prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_ALERT__WEBHOOK_TOKEN", "secret")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    found = await shell(prober, 'echo "$WHO-$WATCHDOG_ALERT__WEBHOOK_TOKEN-$NOTIFY_SOCKET-"', environment={"WHO": "me"})
    assert found.evidence["output"] == "me---"


async def test_one_that_hangs_is_killed_with_all_that_it_started(prober: Prober, tmp_path: Path) -> None:
    found = await shell(
        prober, f"(sleep 1; echo late > {tmp_path}/late) & echo $! $$ > {tmp_path}/pids; sleep 1000", 0.5
    )
    assert (found.verdict, found.evidence["class"]) == (Verdict.FAIL, "timeout")
    assert found.reason.endswith("did not end within 0.5 s and was killed")
    for number in (tmp_path / "pids").read_text().split():
        await eventually(lambda number=number: _is_gone(number))
    assert not (tmp_path / "late").exists()


async def test_what_one_that_ended_left_behind_is_killed_and_not_waited_for(prober: Prober, tmp_path: Path) -> None:
    found = await shell(prober, f"sleep 1000 & echo $! > {tmp_path}/pid; echo done")
    assert (found.verdict, found.evidence["output"]) == (Verdict.PASS, "done")
    assert found.seconds < DEADLINE / 2  # waited for, it takes all the time that there is
    await eventually(lambda: _is_gone((tmp_path / "pid").read_text().strip()))


def _is_gone(number: str) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_one_that_prints_for_ever_is_ended_when_it_has_printed_enough(prober: Prober) -> None:
    found = await ask(prober, "yes")
    assert (found.verdict, found.evidence["class"]) == (Verdict.FAIL, "too_large")
    assert found.reason == "yes printed more than 65536 bytes and was killed"


async def test_one_that_closes_its_output_is_still_waited_for(prober: Prober) -> None:
    found = await shell(prober, "exec >&- 2>&-; sleep 0.3; exit 5")
    assert found.evidence["exit_code"] == 5
