"""What is refused before anything is touched, what is only asked, and what is only foreseen."""

from __future__ import annotations

import json

import pytest

from tests.deployments.stage import COMPOSE, UP, Shop

pytestmark = pytest.mark.engine

COPIED_IN = """
  extra:
    image: shop/db:1
    init: true
    stop_grace_period: 0s
    environment: {MARK: one}
    secrets: [key]
secrets: {key: {environment: KEY}}
"""


def test_bad_input_is_one_sentence_and_touches_nothing(shop: Shop) -> None:
    shop.open()
    before = shop.identities()
    for option in ("--services", "--retire", "--excuse"):
        told = shop.deploy(option, "nosuch")
        assert (told.code, told.events) == (64, []), told.why
        assert "nosuch" in told.ran.err
    for command, sentence in (((), "Name the command behind"), (("no-such-command",), "is not found")):
        told = shop.deploy(command=command)
        assert (told.code, told.events) == (64, []), told.why
        assert sentence in told.ran.err
    for option, value in (("--soak", "soon"), ("--max-services", "0"), ("--timeout", "-1s")):
        told = shop.deploy(option, value)
        assert told.code == 64, told.why
    nobody = {"WATCHDOG_API__SOCKET": str(shop.folder / "nobody.sock")}
    ran = shop.run("deploy", "--", "true", environment=nobody)
    assert ran.code == 3, ran.err
    assert ran.err.count("\n") <= 2
    assert shop.watch.daemon.get("/api/v1/deployments").json["deployments"] == []
    assert shop.identities() == before


def test_preflight_and_gates_tell_what_is_bad_and_who_is_excused_by_name_may_stay_so(shop: Shop) -> None:
    shop.open()
    for gate in ("preflight", "baseline", "infrastructure", "application", "production"):
        ran = shop.run("gate", gate)
        assert ran.code == 0, (gate, ran.out, ran.err)
        assert f"{gate}: passed" in ran.out
    nothing = shop.run("gate", "journeys")
    assert nothing.code == 1
    assert "nothing to check" in nothing.out
    daemon, engine = shop.watch.daemon, shop.watch.engine
    assert daemon.cli("pause", "shop/webui", "--for", "1h", "--reason", "to break it").code == 0
    engine.docker("stop", "shop-webui-1")
    daemon.wait(lambda: shop.watch.health("shop/webui") != "healthy", "it is not seen")
    for gate in ("preflight", "infrastructure", "application", "production"):
        ran = shop.run("gate", gate, "--json")
        assert ran.code == 1, (gate, ran.out, ran.err)
        failed = [one["subject"] for one in ran.json["proofs"] if not one["passed"]]
        assert failed, ran.out
    told = shop.refuses("shop/webui: unhealthy: ")
    assert [one["gate"] for one in told.of("gate")] == ["preflight"]
    told = shop.deploy("--excuse", "webui", "--excuse", "public", command=("true",))
    shop.proves(told, 0, "committed")
    engine.docker("start", "shop-webui-1")
    assert daemon.cli("resume", "shop/webui").code == 0
    daemon.wait(lambda: all(one["closed_at"] for one in daemon.incidents()), "incidents stay open")
    shop.still_good()


def test_what_cannot_be_brought_back_faithfully_is_refused_unless_it_is_excused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "k")
    shop.open(more=COPIED_IN)
    shop.write(more=COPIED_IN.replace("MARK: one", "MARK: two"))
    told = shop.refuses("shop/extra: it could not be brought back: Compose copied secrets")
    assert [one["gate"] for one in told.of("gate")] == ["preflight", "baseline"]
    shop.commits("--excuse", "extra")


def test_a_rehearsal_says_what_would_go_and_touches_nothing(shop: Shop) -> None:
    shop.open(more="  extra: {image: 'shop/db:1', init: true, stop_grace_period: 0s}")
    before = shop.identities()
    shop.write(image=shop.web("2", "exec httpd -f -p 80 -h /www"))
    command = (COMPOSE, "up", "--detach", "--remove-orphans")
    ran = shop.run("deploy", "--dry-run", "--", *command)
    assert ran.code == 1, ran.err
    protected = "Protected: shop/api, shop/db, shop/extra, shop/webui"
    assert {protected, "Gate production: public"} <= set(ran.out.splitlines()), ran.out
    assert "recreate shop/webui: " in ran.out
    assert "it would remove shop/extra, which is protected: --retire shop/extra" in ran.out
    told = shop.run("deploy", "--dry-run", "--json", "--retire", "extra", "--", *command)
    assert told.code == 0, told.err
    assert {one["service"]: one["action"] for one in json.loads(told.out)["changes"]}["shop/extra"] == "remove"
    assert shop.identities() == before
    assert shop.watch.daemon.get("/api/v1/deployments").json["deployments"] == []
    told = shop.commits("--retire", "extra", command=(*UP, "--remove-orphans"))
    assert told.end["touched"] == ["shop/extra", "shop/webui"]
    shown = shop.run("deployments", "1")
    assert "application ok shop/webui page: " in shown.out
    assert shop.run("deployments", "--json").json[0]["stage"] == "committed"
    assert shop.run("deployments", "99").code == 64
