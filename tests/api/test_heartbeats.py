"""Who may call in, over which listener."""

from __future__ import annotations

import pytest

from tests.support.value_daemon import Api, Daemon
from watchdog.api.border import BODY_LIMIT

TOKEN = "sixteen-letters-or-more"  # noqa: S105 - of a test
BACKUP, OPEN = "/api/v1/heartbeats/backup", "/api/v1/heartbeats/shop/worker/alive"


@pytest.fixture(autouse=True)
def tokens(daemon: Daemon) -> None:
    daemon.tokens = {"backup": TOKEN, "shop/worker/alive": None}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", [BACKUP, OPEN])
async def test_on_the_unix_socket_anybody_may_call_in(api: Api, daemon: Daemon, path: str) -> None:
    answer = await api.unix.post(path, params={"exit_code": 3, "message": "disk full"})
    assert answer.status_code == 200
    assert daemon.asked == [("heartbeat", path.removeprefix("/api/v1/heartbeats/"), 3, "disk full")]
    assert answer.json()["sentence"].startswith("Done")


async def test_over_tcp_the_token_opens_that_one_call(api: Api, daemon: Daemon) -> None:
    answer = await api.tcp.post(BACKUP, headers=bearer(TOKEN), content=b"what the job printed")
    assert answer.status_code == 200
    assert daemon.asked == [("heartbeat", "backup", 0, "")]


async def test_who_calls_with_the_token_may_know_this_host_by_any_name(api: Api, daemon: Daemon) -> None:
    answer = await api.tcp.post(BACKUP, headers=bearer(TOKEN) | {"Host": "host.docker.internal:8080"})
    assert (answer.status_code, len(daemon.asked)) == (200, 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Basic c2l4dGVlbg=="}, 401),
        ({"Authorization": TOKEN}, 401),
        (bearer(TOKEN[:-1]), 403),
        (bearer(TOKEN + "x"), 403),
        ({"Authorization": "Bearer \xff\xfe"}, 403),
    ],
)
async def test_without_the_token_nothing_is_heard_over_tcp(
    api: Api, daemon: Daemon, headers: dict[str, str], status: int
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await api.tcp.post(BACKUP, headers=raw)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert TOKEN not in answer.text
    assert daemon.asked == []


async def test_a_check_without_token_is_called_in_on_the_unix_socket_only(api: Api, daemon: Daemon) -> None:
    answer = await api.tcp.post(OPEN, headers=bearer(TOKEN))
    assert answer.status_code == 403
    assert "unix socket" in answer.json()["error"]
    assert daemon.asked == []


async def test_an_unknown_name_is_a_404_that_lists_those_there_are(api: Api) -> None:
    for client in (api.unix, api.tcp):
        answer = await client.post("/api/v1/heartbeats/bakcup")
        assert (answer.status_code, answer.json()["exit_code"]) == (404, 64)
        assert "backup" in answer.json()["error"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_but_a_post_calls_in(api: Api, daemon: Daemon, method: str) -> None:
    for client in (api.unix, api.tcp):
        assert (await client.request(method, BACKUP, headers=bearer(TOKEN))).status_code in {403, 405}
    assert daemon.asked == []


@pytest.mark.parametrize("code", ["256", "-1", "x"])
async def test_what_is_no_exit_code_is_refused(api: Api, daemon: Daemon, code: str) -> None:
    answer = await api.unix.post(BACKUP, params={"exit_code": code})
    assert answer.status_code == 400
    assert daemon.asked == []


async def test_a_long_message_is_kept_in_part_and_a_long_body_refused(api: Api, daemon: Daemon) -> None:
    assert (await api.unix.post(BACKUP, params={"message": "x" * 5000})).status_code == 200
    assert daemon.asked == [("heartbeat", "backup", 0, "x" * 300)]
    assert (await api.unix.post(BACKUP, content=b"x" * (BODY_LIMIT + 1))).status_code == 413
