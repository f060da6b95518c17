"""Pipelines that cannot wrap a command: begin, checkpoint, commit, rollback, and the token."""

from __future__ import annotations

import sys

import pytest

from tests.deployments.stage import COMPOSE, Shop
from tests.lab.watch import Ran

pytestmark = pytest.mark.engine

TOKEN = "WATCHDOG_DEPLOYMENT_TOKEN"  # noqa: S105 - the name of a variable
ANEW = (COMPOSE, "--ansi=never", "up", "--detach", "--timeout", "0", "--force-recreate", "--no-deps", "webui")
CHECKPOINT = f"{sys.executable} -m watchdog deploy checkpoint --json"


def begin(shop: Shop, *options: str) -> str:
    """The token."""
    ran = shop.run("deploy", "begin", "--soak", "300ms", *options)
    assert ran.code == 0, ran.err
    (token,) = ran.out.splitlines()
    return token


def finish(shop: Shop, verb: str, token: str) -> Ran:
    return shop.run("deploy", verb, environment={TOKEN: token})


def stage(shop: Shop, number: int) -> str:
    return shop.watch.daemon.get(f"/api/v1/deployments/{number}").json["deployment"]["stage"]


def test_what_is_begun_is_committed_or_rolled_back_by_its_token_once(shop: Shop) -> None:
    shop.open()
    before = shop.identities()
    token = begin(shop)
    shop.watch.engine.compose(shop.folder, *ANEW[2:])
    wrong = finish(shop, "commit", f"1.{'x' * 43}")
    assert wrong.code == 3
    assert "the token is no open deployment's" in wrong.err
    committed = finish(shop, "commit", token)
    assert committed.code == 0, committed.err
    assert "committed: " in committed.out
    assert token not in committed.out
    assert shop.identities()["shop-webui-1"] != before["shop-webui-1"]
    shop.still_good()
    again = finish(shop, "rollback", token)
    assert again.code == 3
    assert "was used" in again.err

    state, kept = shop.state(), shop.folder / "token"
    ran = shop.run("deploy", "begin", "--token-file", str(kept))
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert kept.stat().st_mode & 0o777 == 0o600
    shop.watch.engine.docker("rm", "--force", "shop-webui-1")
    rolled = shop.run("deploy", "rollback", "--token-file", str(kept))
    assert rolled.code == 1, rolled.err
    assert "root rolls it back" in rolled.out
    assert shop.state() == state
    shop.still_good()


def test_a_token_that_expires_and_a_person_end_what_was_begun(shop: Shop) -> None:
    shop.open()
    state = shop.state()
    token = begin(shop, "--timeout", "1s")
    shop.watch.engine.docker("rm", "--force", "shop-webui-1")
    shop.watch.daemon.wait(lambda: stage(shop, 1) == "rolled_back", "it does not expire")
    assert shop.state() == state
    late = finish(shop, "commit", token)
    assert late.code == 3
    assert "has expired" in late.err
    shop.still_good()
    begin(shop)
    shop.watch.engine.docker("rm", "--force", "shop-webui-1")
    ordered = shop.run("deploy", "rollback", "2")
    assert ordered.code == 1, ordered.err
    assert shop.state() == state
    shop.still_good()
    assert shop.run("deploy", "rollback", "2").code == 3
    assert finish(shop, "commit", "").code == 64


def test_a_checkpoint_validates_half_way_and_ends_what_is_bad(shop: Shop) -> None:
    shop.open()
    told = shop.commits(command=("sh", "-c", f"{' '.join(ANEW)} && {CHECKPOINT} && echo second > half"))
    assert (shop.folder / "half").exists()
    assert any('"gate": "infrastructure"' in one["line"] for one in told.of("output"))
    (shop.folder / "half").unlink()
    bad = f"docker stop shop-webui-1; {CHECKPOINT} && echo second > half; sleep 7656"
    shop.rolls_back("its checkpoint failed: infrastructure: shop/webui", command=("sh", "-c", bad))
    assert not (shop.folder / "half").exists()
    outside = shop.run("deploy", "checkpoint")
    assert outside.code == 64
    assert "inside a deployment's command" in outside.err
