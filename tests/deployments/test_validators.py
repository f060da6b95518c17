"""Validators: all of them confirm within their time, or nothing begins and nothing is touched."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.deployments.stage import UP, Shop

pytestmark = pytest.mark.engine

ASKED = """
[deploy]
confirm_timeout = "2s"
[[validator]]
name = "qa"
"""
FAILS = """
[[deploy.hook]]
name = "backup"
command = ["sh", "-c", "echo no space left; exit 7"]
"""
GONE = """
[[validator]]
name = "ci"
webhook = "http://127.0.0.1:9/validate"
"""


@contextmanager
def announcements(shop: Shop) -> Generator[Iterator[Any]]:
    """What is announced on the channel from now on, as any program would follow it."""
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(30)
    connection.sock.connect(str(shop.watch.daemon.socket))
    connection.request("GET", "/api/v1/channels/deployment_coordination/events")
    response = connection.getresponse()

    def read() -> Iterator[Any]:
        for line in response:
            if line.startswith(b"data: "):
                message = json.loads(line.removeprefix(b"data: "))
                if message["kind"] == "announcement":
                    yield message

    try:
        yield read()
    finally:
        connection.close()


def test_nothing_begins_before_every_validator_has_confirmed(shop: Shop) -> None:
    shop.open(config=ASKED)
    before = shop.identities()
    force = (*UP, "--force-recreate")
    told = shop.deploy(command=force)
    assert told.code == 3, told.why
    assert "validator qa did not answer within 2 s" in told.end["because"]
    assert shop.identities() == before

    for confirm, code in ((False, 3), (True, 0)):
        with announcements(shop) as heard:
            running = shop.start(command=force)
            announced = next(heard)
            body = {"validator": "qa", "confirm": confirm, "because": "tests are red", "by": "ada"}
            path = f"/api/v1/announcements/{announced['payload']['id']}/confirm"
            assert shop.watch.daemon.request("POST", path, body).status == 200
            out, err = running.communicate(timeout=60)
        assert running.returncode == code, out + err
        assert (shop.identities() == before) is (not confirm)
    assert b"tests are red" not in out

    after = shop.identities()
    for more, because in ((GONE, "validator ci "), (FAILS, "hook backup: ")):
        shop.watch.daemon.write_config(shop.watch.daemon.config + more)
        assert shop.watch.daemon.request("POST", "/-/reload").status == 200
        told = shop.deploy(command=force)
        assert told.code == 3, told.why
        assert because in told.end["because"], told.why
    assert shop.identities() == after
