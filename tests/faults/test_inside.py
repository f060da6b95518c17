"""What is wrong inside of a container, seen through a daemon on a real engine."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

OFTEN = ("interval=2s", "retry-interval=300ms", "timeout=2s")


def _labels(*words: str) -> tuple[str, ...]:
    return tuple(f"--label=watchdog.check.inside.{word}" for word in (*words, *OFTEN))


def _say(watch: Scene, line: str, times: int = 1) -> None:
    """The container writes to its log."""
    script = f"for i in $(seq {times}); do echo '{line}'; done > /proc/1/fd/1"
    watch.engine.docker("exec", "api", "sh", "-c", script)


def _check(watch: Scene) -> dict[str, str]:
    """What the service's check says now."""
    service = watch.daemon.service("api")
    found: list[dict[str, str]] = service["checks"] if service is not None else []
    return found[0] if found else {"verdict": "", "reason": ""}


def _wait_says(watch: Scene, words: str) -> None:
    watch.daemon.wait(lambda: words in _check(watch)["reason"], f"its check does not say {words!r}")


def test_a_command_that_fails_inside_a_running_container_recovers_the_service(watch: Scene) -> None:
    watch.engine.run("api", *_labels("exec=test ! -e /tmp/broken"), "--init", "--tmpfs", "/tmp")
    watch.start("api")
    watch.engine.docker("exec", "api", "touch", "/tmp/broken")
    watch.wait_recovered("api")
    (incident,) = watch.incidents("api")
    assert "ends with 1; expected is 0" in incident["summary"]


def test_a_command_that_is_not_there_restarts_nothing_and_may_come_later(watch: Scene) -> None:
    container = watch.engine.run("api", *_labels("exec=is-ready"), "--init")
    watch.daemon.start()
    _wait_says(watch, "is-ready cannot be run")
    watch.two_polls()
    script = "echo '#!/bin/sh' > /bin/is-ready; chmod +x /bin/is-ready"
    watch.engine.docker("exec", "api", "sh", "-c", script)
    watch.daemon.wait_protected("api")
    assert watch.daemon.incidents() == []
    assert watch.events(container, "start", "die") == ["start"]


def test_a_log_is_followed_through_restarts_of_container_engine_and_daemon(watch: Scene) -> None:
    watch.engine.run("api", *_labels("logs=ERROR", "max-per-minute=2"), "--init", "--restart=always")
    watch.start("api")
    _say(watch, "ERROR of the first")
    _wait_says(watch, "has 1 lines like 'ERROR'")
    watch.engine.docker("restart", "--time=0", "api")
    _wait_says(watch, "has 0 lines like 'ERROR'")
    _say(watch, "ERROR again")
    _wait_says(watch, "has 1 lines like 'ERROR'")
    watch.engine.restart()
    _wait_says(watch, "has 0 lines like 'ERROR'")
    _say(watch, "ERROR after all", times=3)
    _wait_says(
        watch, "has 3 lines like 'ERROR' of the last minute; at most 2 are expected; the newest: ERROR after all"
    )


def test_a_new_error_is_told_and_restarts_nothing_and_the_daemon_remembers_the_old(watch: Scene) -> None:
    container = watch.engine.run("api", *_labels("logs=ERROR", "new-errors=true", "learn=3s"), "--init")
    watch.start("api")
    _say(watch, "ERROR usual 17")
    _wait_says(watch, "has 1 lines like 'ERROR'")
    _wait_says(watch, "none of a new kind")
    watch.daemon.stop()
    watch.daemon.start()
    _say(watch, "ERROR usual 18")
    _wait_says(watch, "has 2 lines like 'ERROR' of the last minute, none of a new kind")
    _say(watch, "ERROR disk 3 is gone")
    _wait_says(watch, "tells of an error never seen before: ERROR disk <n> is gone")
    assert "never seen before" in watch.daemon.cli("check", "--json").out
    watch.wait_incident("check api inside")
    watch.two_polls()
    assert watch.events(container, "start", "die") == ["start"]


def test_what_a_container_uses_is_a_metric(watch: Scene) -> None:
    watch.engine.run("api", *_labels("resources=true", "min-free-disk=0%"), "--init", "--memory=64m")
    watch.start("api")
    _wait_says(watch, "MiB of 64 (")
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(watch.daemon.metrics())
        for sample in family.samples
        if sample.labels.get("name") == "api"
    }
    assert found["watchdog_service_memory_limit_bytes"] == 64 << 20
    assert 0 < found["watchdog_service_memory_bytes"] < 64 << 20
    assert found["watchdog_service_cpu_seconds_total"] > 0


def test_without_a_daemon_the_same_is_asked(watch: Scene) -> None:
    watch.engine.run("api", *_labels("logs=ERROR", "max-per-minute=2"), "--init")
    _say(watch, "ERROR", times=3)
    watch.daemon.write_config()
    checked = watch.daemon.cli("check", "--json")
    assert "3 lines like 'ERROR'" in checked.out
