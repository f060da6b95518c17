"""What Prometheus gets."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_families

from tests.support.eventually import eventually
from tests.support.snapshots import DB, SNAPSHOT, SNAPSHOTS, WEBUI
from tests.support.value_daemon import Api, Daemon
from watchdog.api.measures import BUCKETS, EVENTS, Measures
from watchdog.api.metrics import LABEL_LENGTH, MetricsPage, label
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Rung
from watchdog.model.snapshot import Snapshot, Used

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(families: Iterable[Metric]) -> Samples:
    """By name and labels; a series that is there twice is an error, as it is for Prometheus."""
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            series = sample.name, frozenset(sample.labels.items())
            assert series not in found
            found[series] = sample.value
    return found


def rendered(snapshot: Snapshot, measures: Measures | None = None, accept: str = "") -> tuple[bytes, str]:
    return asyncio.run(MetricsPage(lambda: snapshot, measures or Measures()).render(accept))


def page(snapshot: Snapshot, measures: Measures | None = None) -> Samples:
    body, _ = rendered(snapshot, measures)
    return samples(text_families(body.decode()))


def series(name: str, /, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_what_is_measured_of_a_container_is_there_and_nothing_of_others() -> None:
    used = Used(memory=5, memory_limit=10, cpu_seconds=1.5)
    services = tuple(replace(one, used=used if one.service == WEBUI else None) for one in SNAPSHOT.services)
    found = page(replace(SNAPSHOT, services=services))
    names = {"project": WEBUI.project, "name": WEBUI.name}
    measured = {key[0]: value for key, value in found.items() if key[1] == frozenset(names.items())}
    assert measured["watchdog_service_memory_bytes"] == 5
    assert measured["watchdog_service_memory_limit_bytes"] == 10
    assert measured["watchdog_service_cpu_seconds_total"] == 1.5
    assert sum(name.startswith("watchdog_service_memory_bytes") for name, _ in found) == 1


def test_the_health_of_everything_is_there() -> None:
    found = page(SNAPSHOT)
    assert found[series("watchdog_health_score_ratio")] == 0.5
    assert found[series("watchdog_engine_up")] == 1
    assert found[series("watchdog_incidents_open")] == 1
    assert found[series("watchdog_service_health_score_ratio", project="shop", name="webui")] == 0
    assert found[series("watchdog_service_health_score_ratio", project="shop", name="db")] == 1
    assert (
        found[series("watchdog_service_info", project="shop", name="db", container_id="a" * 64, image="busybox")] == 1
    )
    assert not any(name == "watchdog_service_info" and ("name", "webui") in labels for name, labels in found)


def test_exactly_one_state_of_a_service_is_1() -> None:
    found = page(SNAPSHOT)
    for service, health in (("webui", "missing"), ("db", "healthy")):
        states = {
            state.value: found[
                series("watchdog_service_health", project="shop", name=service, watchdog_service_health=state.value)
            ]
            for state in Health
        }
        assert states == {state.value: float(state.value == health) for state in Health}


def test_an_endpoint_that_cannot_be_judged_is_neither_up_nor_down() -> None:
    found = page(SNAPSHOT)
    assert found[series("watchdog_endpoint_up", name="shop")] == 1
    assert found[series("watchdog_endpoint_up", name="blog")] == 0
    assert series("watchdog_endpoint_up", name="far") not in found
    assert found[series("watchdog_probe_duration_seconds", name="shop", phase="tls")] == 0.004
    assert found[series("watchdog_tls_not_after_timestamp_seconds", name="shop")] == 1_800_000_000


def test_known_series_start_at_0_and_count() -> None:
    measures = Measures()
    attempts = series("watchdog_recoveries_total", project="shop", name="webui", action="recreate")
    failures = series("watchdog_recovery_failures_total", project="shop", name="webui", action="recreate")
    event = series("watchdog_events_total", type="container", action="die")
    before = page(SNAPSHOT, measures)
    assert (before[attempts], before[failures], before[event]) == (0, 0, 0)
    assert before[series("watchdog_polls_missed_total")] == 0
    assert before[series("watchdog_recovery_seconds_count")] == 0
    measures.recoveries[WEBUI, Rung.RECREATE] += 2
    measures.recovery_failures[WEBUI, Rung.RECREATE] += 1
    measures.count_event("container", "die")
    measures.polls_missed += 3
    after = page(SNAPSHOT, measures)
    assert (after[attempts], after[failures], after[event]) == (2, 1, 1)
    assert after[series("watchdog_polls_missed_total")] == 3


def test_what_is_not_known_has_no_sample() -> None:
    measures = Measures()
    assert series("watchdog_last_poll_timestamp_seconds") not in page(SNAPSHOT, measures)
    measures.last_poll_at, measures.poll_seconds = 1_700_000_000.0, 0.25
    found = page(SNAPSHOT, measures)
    assert found[series("watchdog_last_poll_timestamp_seconds")] == 1_700_000_000
    assert found[series("watchdog_poll_duration_seconds")] == 0.25


def test_a_service_that_left_has_no_series() -> None:
    measures = Measures()
    measures.recoveries[WEBUI, Rung.START] += 1
    left = replace(SNAPSHOT, services=tuple(s for s in SNAPSHOT.services if s.service == DB), endpoints=())
    found = page(left, measures)
    assert not any(("name", "webui") in labels for _, labels in found)
    assert not any(name.startswith("watchdog_endpoint") for name, _ in found)


def test_events_that_nobody_knows_are_counted_as_other() -> None:
    measures = Measures()
    for number in range(1000):
        measures.count_event("container", f"exec_start: {number}")
        measures.count_event(f"plugin{number}", "enable")
    found = page(SNAPSHOT, measures)
    assert found[series("watchdog_events_total", type="container", action="other")] == 1000
    assert found[series("watchdog_events_total", type="other", action="other")] == 1000
    assert sum(name == "watchdog_events_total" for name, _ in found) == sum(len(actions) for actions in EVENTS.values())


def test_a_duration_counts_in_its_bucket_and_all_above() -> None:
    measures = Measures()
    for seconds in (0.01, 0.011, 600.0, 601.0, -5.0):
        measures.detection.observe(seconds)
    measures.detection_bound.observe(59.0)
    found = page(SNAPSHOT, measures)
    counts = {
        bound: found[series("watchdog_detection_seconds_bucket", time="exact", le=bound)]
        for bound in ("0.01", "0.025", "600.0", "+Inf")
    }
    assert counts == {"0.01": 2, "0.025": 3, "600.0": 4, "+Inf": 5}
    assert found[series("watchdog_detection_seconds_sum", time="exact")] == 0.01 + 0.011 + 600 + 601
    assert found[series("watchdog_detection_seconds_count", time="bound")] == 1
    assert len(BUCKETS) == 15


@hypothesis_settings(max_examples=100, deadline=None)
@given(snapshot=SNAPSHOTS)
def test_no_name_breaks_a_scrape(snapshot: Snapshot) -> None:
    text, _ = rendered(snapshot)
    samples(text_families(text.decode()))
    text, content_type = rendered(snapshot, accept=OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


async def test_checks_go_on_while_a_long_page_is_written() -> None:
    endpoints = tuple(replace(SNAPSHOT.endpoints[0], name=f"page {number}") for number in range(10_000))
    snapshot = replace(SNAPSHOT, endpoints=endpoints)
    writing = asyncio.create_task(MetricsPage(lambda: snapshot, Measures()).render(""))
    turns = 0
    while not writing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10


def test_hostile_names_are_bounded_and_stay_different() -> None:
    hostile = [ServiceKey("p" * 10_000, end) for end in ('"} 1\n', "\\", "é\ud800", "x" * 10_000, "x" * 9_999)]
    services = tuple(replace(SNAPSHOT.services[0], service=key) for key in hostile)
    found = page(replace(SNAPSHOT, services=(*services, services[0])))
    scores = [labels for name, labels in found if name == "watchdog_service_health_score_ratio"]
    assert len(scores) == 5
    assert all(len(value) <= LABEL_LENGTH for labels in scores for _, value in labels)
    assert label("x" * LABEL_LENGTH) == "x" * LABEL_LENGTH


def test_promtool_finds_nothing_to_say() -> None:
    measures = Measures(last_poll_at=1.0, poll_seconds=1.0)
    measures.alerts.sent["webhook"] += 1
    body, content_type = rendered(SNAPSHOT, measures)
    assert content_type.startswith("text/plain")
    checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_openmetrics_is_valid() -> None:
    body, _ = rendered(SNAPSHOT, accept=OPENMETRICS)
    families = cast("Iterable[Metric]", openmetrics.text_string_to_metric_families(body.decode()))  # pyright: ignore[reportUnknownMemberType]  # untyped there
    assert series("watchdog_polls_total") in samples(families)


def test_every_family_is_documented() -> None:
    body, _ = rendered(SNAPSHOT)
    document = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    typed = [line.split()[2] for line in body.decode().splitlines() if line.startswith("# TYPE watchdog_")]
    documented = [
        line.split("`")[1].partition("{")[0] for line in document.splitlines() if line.startswith("| `watchdog_")
    ]
    assert sorted(documented) == sorted(typed)


@asynccontextmanager
async def prometheus(directory: Path, target: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A real Prometheus that scrapes the target each second; yields a client of its API."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    scrape = {
        "job_name": "watchdog",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "static_configs": [{"targets": [target]}],
    }
    configuration = directory / "prometheus.yml"
    configuration.write_text(json.dumps({"scrape_configs": [scrape]}))
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
        cwd=directory,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def test_a_real_prometheus_scrapes_and_forgets_what_left(api: Api, daemon: Daemon, tmp_path: Path) -> None:
    async with prometheus(tmp_path, f"127.0.0.1:{api.server.port}") as client:

        async def values(query: str) -> dict[str, float]:
            try:
                answer = await client.get("/api/v1/query", params={"query": query})
            except httpx.TransportError:
                return {}
            found: list[Any] = answer.json()["data"]["result"] if answer.is_success else []
            return {item["metric"].get("name", ""): float(item["value"][1]) for item in found}

        async def scraped() -> bool:
            return await values("up") == {"": 1.0}

        async def left() -> bool:
            return "webui" not in await values("watchdog_service_health_score_ratio")

        await eventually(scraped, 30)
        assert await values("watchdog_service_health_score_ratio") == {"db": 1.0, "webui": 0.0}
        assert await values('watchdog_service_health{watchdog_service_health="missing"} == 1') == {"webui": 1.0}
        assert await values("watchdog_endpoint_up") == {"shop": 1.0, "blog": 0.0}
        assert (await values("process_resident_memory_bytes"))[""] > 1_000_000
        daemon.now = replace(SNAPSHOT, services=SNAPSHOT.services[:1])
        await eventually(left, 30)
