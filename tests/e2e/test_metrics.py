"""What Prometheus gets from a live daemon: every family of the issue, right after one recovery."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

SERVE = ("-p", "8090:80", "--", "httpd", "-f", "-p", "80", "-h", "/www")
ENDPOINT = '[[endpoint]]\nname = "front"\nurl = "http://127.0.0.1:8090/"\nservice = "webui"\n'
FAMILIES = {
    "watchdog_health_score_ratio": "gauge",
    "watchdog_service_health_score_ratio": "gauge",
    "watchdog_service_health": "gauge",
    "watchdog_endpoint_up": "gauge",
    "watchdog_probe_duration_seconds": "gauge",
    "watchdog_tls_not_after_timestamp_seconds": "gauge",
    "watchdog_recoveries": "counter",
    "watchdog_recovery_failures": "counter",
    "watchdog_detection_seconds": "histogram",
    "watchdog_recovery_seconds": "histogram",
    "watchdog_incidents_open": "gauge",
    "watchdog_engine_up": "gauge",
    "watchdog_last_poll_timestamp_seconds": "gauge",
    "watchdog_poll_duration_seconds": "gauge",
    "watchdog_events": "counter",
    "watchdog_check_start_lag_seconds": "histogram",
    "watchdog_checks_missed": "counter",
    "watchdog_claims": "counter",
    "watchdog_claims_refuted": "counter",
    "watchdog_build_info": "gauge",
}
"""StateSet and Info are gauges in Prometheus' text format."""


def _families(text: str) -> dict[str, str]:
    return {family.name: family.type for family in text_string_to_metric_families(text)}


def _value(text: str, metric: str, **labels: str) -> float:
    """The sum of a sample over all label sets that hold these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == metric and labels.items() <= sample.labels.items()
    )


def test_promtool_finds_nothing_wrong_and_every_figure_tells_of_the_one_recovery(watch: Scene) -> None:
    watch.engine.run("webui", *SERVE)
    watch.start("webui", more=ENDPOINT)
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_recovered("webui")
    watch.daemon.wait(lambda: _value(watch.daemon.metrics(), "watchdog_endpoint_up", name="front") == 1, "it is not up")
    text = watch.daemon.metrics()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    found = _families(text)
    assert {name: found.get(name) for name in FAMILIES} == FAMILIES

    webui = {"project": "", "name": "webui"}
    assert _value(text, "watchdog_recoveries_total", **webui, action="recreate") == 1
    assert _value(text, "watchdog_recoveries_total") == 1
    assert _value(text, "watchdog_recovery_failures_total") == 0
    assert _value(text, "watchdog_service_health", **webui, watchdog_service_health="healthy") == 1
    assert _value(text, "watchdog_service_health", **webui) == 1
    assert _value(text, "watchdog_service_health_score_ratio", **webui) == 1
    assert _value(text, "watchdog_health_score_ratio") == 1
    assert _value(text, "watchdog_detection_seconds_count") == 1
    assert _value(text, "watchdog_recovery_seconds_count") == 1
    assert 0 < _value(text, "watchdog_recovery_seconds_sum") < 60
    assert _value(text, "watchdog_incidents_open") == 0
    assert _value(text, "watchdog_engine_up") == 1
    assert _value(text, "watchdog_claims_total") == 1
    assert _value(text, "watchdog_claims_refuted_total") == 0
    assert _value(text, "watchdog_events_total", type="container", action="destroy") == 1
    assert _value(text, "watchdog_events_total", type="container", action="create") == 1
    assert _value(text, "watchdog_probe_duration_seconds", name="front", phase="connect") > 0


def test_what_is_missing_is_told_and_what_is_gone_is_told_no_more(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.environment["WATCHDOG_RECOVERY__ENABLED"] = "false"
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_incident("webui")
    text = watch.daemon.metrics()
    assert _value(text, "watchdog_service_health", name="webui", watchdog_service_health="missing") == 1
    assert _value(text, "watchdog_health_score_ratio") == 0
    assert _value(text, "watchdog_incidents_open") == 1
    assert watch.daemon.cli("retire", "webui", "--reason", "done").code == 0
    watch.daemon.wait(lambda: 'name="webui"' not in watch.daemon.metrics(), "it is still told of")
    assert _value(watch.daemon.metrics(), "watchdog_incidents_open") == 0
