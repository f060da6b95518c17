"""Fault 28: the disk under the ledger fails. What breaks is seen and told; nothing is done without a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.receiver import Receiver, receiver
from tests.faults.scene import Scene
from tests.lab.disk import SickDisk, fill, sick_disk, tmpfs
from tests.lab.held import PROGRAM, Holds

pytestmark = pytest.mark.engine

CHECKED = "--interval=200ms --retries=1 CMD test ! -e {}"


@pytest.fixture
def told(watch: Scene) -> Iterator[Receiver]:
    """Who hears the alerts; the daemon's own files of them lie on the disk that fails."""
    with receiver(watch.engine.ground.host_address) as one:
        watch.daemon.config += f'[[alert.receiver]]\nname = "chat"\nwebhook = "{one.url}"\n'
        yield one


@pytest.fixture
def disk(watch: Scene, tmp_path: Path) -> Iterator[SickDisk]:
    with sick_disk(watch.daemon.state, tmp_path / "backing") as one:
        yield one


def _unrecorded(told: Receiver) -> list[Any]:
    return [body for body in told.got if body["key"] == "unrecorded-webui"]


def _wait_told(watch: Scene, told: Receiver, because: str) -> None:
    watch.daemon.wait(lambda: _unrecorded(told), "nobody is told")
    (alert,) = _unrecorded(told)
    assert (alert["state"], alert["severity"], alert["subject"]) == ("firing", "critical", "webui")
    assert "Nothing is done without a record: " in alert["summary"]
    assert because in alert["summary"]


def _wait_resolved(watch: Scene, told: Receiver) -> None:
    def ended() -> bool:
        return [body["state"] for body in _unrecorded(told)] == ["firing", "resolved"]

    watch.daemon.wait(ended, "the alert is not resolved")


def _untouched(watch: Scene, container: str, since: str) -> None:
    """Two polls later nobody but the test has done anything to it."""
    watch.two_polls()
    done = watch.events(container, "start", "stop", "restart", "kill", "rename", "destroy", since=since)
    assert done == []
    assert watch.containers() == [container]


def test_on_a_full_disk_what_is_destructive_waits_for_space_and_a_person_is_told(watch: Scene, told: Receiver) -> None:
    watch.engine.image("shop/webui:1", healthcheck=CHECKED.format("/broken"))
    container = watch.engine.run("webui", "--stop-timeout", "0", image="shop/webui:1")
    watch.daemon.state.mkdir()
    with tmpfs(watch.daemon.state, "40m") as place:
        watch.start("webui")
        ballast = fill(place)
        since = watch.moment()
        watch.engine.docker("exec", "webui", "touch", "/broken")
        _wait_told(watch, told, "No space left for ")
        assert watch.health("webui") == "unhealthy"
        _untouched(watch, container, since)
        assert watch.intents() == []
        assert watch.daemon.cli("status").code == 2
        ballast.unlink()
        watch.wait_recovered("webui")
        _wait_resolved(watch, told)
        assert "Traceback" not in watch.daemon.log
        watch.verdict()
        watch.daemon.stop()


def test_a_daemon_that_starts_on_a_full_disk_watches_and_brings_back_what_is_missing(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.state.mkdir()
    with tmpfs(watch.daemon.state, "40m") as place:
        watch.start("webui")
        fill(place)
        watch.daemon.kill()
        watch.engine.docker("rm", "--force", "webui")
        watch.daemon.start()
        watch.wait_recovered("webui")
        assert len(watch.intents()) == 1
        watch.verdict()
        watch.daemon.stop()


def test_while_the_disk_reports_errors_nothing_is_done_and_afterwards_everything(
    watch: Scene, told: Receiver, disk: SickDisk
) -> None:
    container = watch.engine.run("webui")
    watch.start("webui")
    disk.break_writes()
    since = watch.moment()
    watch.engine.crash("webui")
    _wait_told(watch, told, "the disk reports an I/O error")
    assert watch.health("webui") == "unhealthy"
    _untouched(watch, container, since)
    disk.mend()
    watch.wait_recovered("webui")
    _wait_resolved(watch, told)
    assert [row["payload"]["rung"] for row in watch.intents("webui")] == ["start"]
    assert "Traceback" not in watch.daemon.log
    watch.verdict()
    watch.daemon.stop()


def test_on_a_disk_that_has_become_read_only_nothing_is_done_until_it_is_mounted_again(
    watch: Scene, told: Receiver, disk: SickDisk
) -> None:
    container = watch.engine.run("webui")
    watch.start("webui")
    disk.become_read_only()
    since = watch.moment()
    watch.engine.crash("webui")
    _wait_told(watch, told, str(watch.daemon.state / "ledger.db"))
    assert watch.health("webui") == "unhealthy"
    _untouched(watch, container, since)
    assert "Traceback" not in watch.daemon.log
    assert watch.daemon.stop() == 0
    disk.mount_again()
    watch.daemon.start()
    watch.wait_recovered("webui")
    watch.verdict()
    watch.daemon.stop()


def test_a_recreation_whose_record_is_lost_is_undone_and_its_outcome_recorded_once_that_works(
    watch: Scene, disk: SickDisk, tmp_path: Path
) -> None:
    watch.engine.image("shop/webui:1", healthcheck=CHECKED.format("/broken"))
    options = ("--restart", "always", "--stop-timeout", "0")
    old = watch.engine.run("webui", *options, image="shop/webui:1")
    holds = Holds(directory=tmp_path, at={"webui": 3}, first="intent will recreate")
    watch.daemon.environment |= holds.environment()
    watch.daemon.program = PROGRAM
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/broken")
    watch.daemon.wait(lambda: "webui" in holds.held(), "it was not held")
    assert holds.moments()[-1].what.startswith("step done: stop")
    disk.break_writes()
    holds.release()
    watch.daemon.wait(lambda: "is not recorded yet" in watch.daemon.log, "the lost record is not told of")
    assert watch.containers() == [old]
    found = watch.engine.inspect(old)
    assert (found["Name"], found["HostConfig"]["RestartPolicy"]["Name"]) == ("/webui", "always")
    assert found["State"]["Running"]
    disk.mend()
    watch.wait_recovered("webui")
    assert [row["payload"]["rung"] for row in watch.intents()] == ["restart", "recreate", "recreate"]
    outcomes = [row["payload"]["outcome"] for row in watch.daemon.rows("outcome")]
    assert outcomes == ["failed", "failed", "recovered"]
    watch.daemon.wait(lambda: watch.gone(old), "what was set aside is still there")
    watch.verdict()
    watch.daemon.stop()
