"""What anybody may read, on both listeners."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from tests.support.snapshots import SNAPSHOT, SNAPSHOTS
from tests.support.value_daemon import APPROVAL, SILENCE, USED, Api, Daemon
from watchdog.errors import EngineUnavailable, LedgerError, UsageError, WatchdogError
from watchdog.model.snapshot import Snapshot


async def test_status_is_the_snapshot_on_both_listeners(api: Api) -> None:
    for client in (api.tcp, api.unix):
        answer = await client.get("/api/v1/status")
        assert answer.status_code == 200
        assert answer.json() == SNAPSHOT.as_json()


@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshot=SNAPSHOTS)
async def test_no_text_of_a_service_breaks_an_answer(api: Api, daemon: Daemon, snapshot: Snapshot) -> None:
    daemon.now = snapshot
    answer = await api.tcp.get("/api/v1/status")
    assert answer.json() == json.loads(json.dumps(snapshot.as_json()))


async def test_a_lone_surrogate_in_a_reason_is_answered(api: Api, daemon: Daemon) -> None:
    daemon.now = replace(SNAPSHOT, engine="\ud800 and \u2028")
    answer = await api.tcp.get("/api/v1/status")
    assert answer.status_code == 200
    assert json.loads(answer.text)["engine"] == daemon.now.engine


async def test_the_daemons_own_health_is_a_sentence_and_a_status(api: Api, daemon: Daemon) -> None:
    healthy = await api.tcp.get("/-/healthy")
    assert (healthy.status_code, healthy.text) == (200, "Loop and workers make progress.\n")
    daemon.good = False
    healthy, ready = await api.tcp.get("/-/healthy"), await api.unix.get("/-/ready")
    assert (healthy.status_code, healthy.text) == (503, "The worker of shop/webui is stuck.\n")
    assert (ready.status_code, ready.text) == (503, "The first poll is not done.\n")


async def test_silences_are_listed(api: Api) -> None:
    for client in (api.tcp, api.unix):
        assert (await client.get("/api/v1/silences")).json() == {"silences": [SILENCE]}


async def test_approvals_are_listed_those_that_wait_or_all(api: Api) -> None:
    for client in (api.tcp, api.unix):
        assert (await client.get("/api/v1/approvals")).json() == {"approvals": [APPROVAL]}
        assert (await client.get("/api/v1/approvals?all=true")).json() == {"approvals": [APPROVAL, USED]}


async def test_incidents_are_listed_and_shown_with_their_timeline(api: Api, daemon: Daemon) -> None:
    listed = (await api.tcp.get("/api/v1/incidents", params={"limit": 5, "open": True})).json()
    assert daemon.asked == [(5, True)]
    assert [incident["id"] for incident in listed["incidents"]] == [7]
    shown = (await api.tcp.get("/api/v1/incidents/7")).json()
    assert shown["incident"] == listed["incidents"][0]
    assert shown["incident"]["detected_at"] == "2023-11-14T22:13:20.250Z"
    assert shown["incident"]["closed_at"] is None
    assert shown["timeline"][0]["sentence"] == "shop/webui is missing."
    assert shown["timeline"][0]["payload"] == {"exit_code": 137}


async def test_an_unknown_incident_is_404_and_a_usage_error(api: Api) -> None:
    for number in (8, -1, 10**40):
        answer = await api.tcp.get(f"/api/v1/incidents/{number}")
        assert answer.status_code == 404
        assert answer.json()["exit_code"] == 64
        assert answer.json()["error"].startswith("There is no incident")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "open=perhaps"])
async def test_a_wrong_query_is_400_with_one_sentence(api: Api, query: str) -> None:
    answer = await api.tcp.get(f"/api/v1/incidents?{query}")
    assert answer.status_code == 400
    assert answer.json()["exit_code"] == 64
    assert "query" in answer.json()["error"]


@pytest.mark.parametrize(
    ("error", "status", "exit_code"),
    [
        (EngineUnavailable("The engine does not answer."), 503, 3),
        (LedgerError("The ledger is damaged."), 500, 1),
        (UsageError("A pause needs an end."), 400, 64),
        (WatchdogError("Not now."), 409, 1),
    ],
)
async def test_an_error_is_its_sentence_and_exit_code(
    api: Api, daemon: Daemon, error: WatchdogError, status: int, exit_code: int
) -> None:
    daemon.error = error
    answer = await api.tcp.get("/api/v1/status")
    assert answer.status_code == status
    assert answer.json() == {"error": str(error), "exit_code": exit_code}


async def test_a_bug_is_500_without_what_it_was(api: Api, daemon: Daemon) -> None:
    daemon.error = KeyError("password=hunter2")
    answer = await api.tcp.get("/api/v1/status")
    assert answer.status_code == 500
    assert "bug" in answer.json()["error"]
    assert "hunter2" not in answer.text
    daemon.error = None
    assert (await api.tcp.get("/api/v1/status")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", "/api/v1/nothing"])
async def test_there_is_no_page_besides_the_routes(api: Api, path: str) -> None:
    answer = await api.tcp.get(path)
    assert answer.status_code == 404
    assert path in answer.json()["error"]


async def test_many_ask_at_once(api: Api, daemon: Daemon) -> None:
    daemon.now = replace(SNAPSHOT, services=SNAPSHOT.services * 100)
    answers = await asyncio.gather(*(api.tcp.get("/api/v1/status") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
