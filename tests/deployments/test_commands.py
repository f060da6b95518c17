"""How the command of a deployment ends, what it may do meanwhile, and who may interfere."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.deployments.stage import COMPOSE, UP, Shop
from tests.support.eventually import eventually_sync

pytestmark = pytest.mark.engine

ANEW = f"{COMPOSE} --ansi=never up --detach --timeout 0 --force-recreate --no-deps webui"
SITE_PORT = 8082
SERVES = "exec httpd -f -p 80 -h /www"
SITE = f"docker run --detach --name site --stop-signal KILL --publish {SITE_PORT}:80 IMAGE"


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def running(words: str) -> bool:
    """Whether a process of this machine has a command line that begins so."""
    lines: list[bytes] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((folder / "cmdline").read_bytes())
        except OSError:
            continue
    return any(line.replace(b"\0", b" ").startswith(words.encode()) for line in lines)


def test_a_command_that_fails_hangs_or_goes_beyond_its_limits_is_rolled_back(shop: Shop) -> None:
    shop.open()
    before = shop.identities()
    told = shop.rolls_back("its command ended with code 7", command=shell("exit 7"))
    assert told.end["touched"] == []
    assert shop.identities() == before
    told = shop.rolls_back("its command ended with code 7", command=shell(f"{ANEW}; exit 7"))
    assert told.end["touched"] == ["shop/webui"]
    hangs = shell(f"{ANEW}; setsid sleep 7654.25 & sleep 7654.5")
    told = shop.rolls_back("its command did not end within 2 s", "--timeout", "2s", command=hangs)
    assert not running("sleep 7654.")
    told = shop.rolls_back("touches 2 services", "--max-services", "1", command=(*UP, "--force-recreate"))
    assert "--max-services 2" in told.end["because"]
    stops = shell("docker stop shop-webui-1; exec sleep 7654.75")
    told = shop.rolls_back("shop/webui is down for", "--max-downtime", "500ms", command=stops)
    assert "allowed are 0.5 s" in told.end["because"]
    assert not running("sleep 7654.")


def test_ctrl_c_rolls_back(shop: Shop) -> None:
    shop.open()
    before = shop.state()
    deploying = shop.start(command=shell("docker stop shop-webui-1; exec sleep 7655.5"))
    shop.watch.daemon.wait(lambda: running("sleep 7655.5"), "it does not get that far")
    deploying.send_signal(signal.SIGINT)
    out, err = deploying.communicate(timeout=60)
    assert deploying.returncode == 1, out
    assert b"Ctrl-C: the deployment is rolled back" in err
    assert json.loads(out.splitlines()[-1])["because"].startswith("rolled back: Ctrl-C")
    assert shop.state() == before
    assert not running("sleep 7655.5")
    shop.still_good()


def test_of_two_deployments_at_once_the_second_waits_or_is_refused(shop: Shop) -> None:
    shop.open()
    with shop.start(command=shell("touch begun; until test -e go; do sleep 0.05; done")) as first:
        eventually_sync((shop.folder / "begun").exists)
        told = shop.deploy("--no-wait", command=("true",))
        assert told.code == 3, told.why
        assert "deployment 1 by root is under way" in told.ran.err
        with shop.start(command=("true",)) as second:
            assert second.stdout is not None
            waits = json.loads(second.stdout.readline())
            assert (waits["event"], first.poll()) == ("waits", None)
            (shop.folder / "go").touch()
            assert _end(first)["stage"] == "committed"
            assert _end(second)["stage"] == "committed"
        assert (first.returncode, second.returncode) == (0, 0)
    shop.still_good()


def _end(deploying: subprocess.Popen[bytes]) -> dict[str, str]:
    out, err = deploying.communicate(timeout=60)
    assert not err, err
    return json.loads(out.splitlines()[-1])


def test_a_script_without_compose_is_held_to_the_same(shop: Shop) -> None:
    shop.open()
    engine, daemon = shop.watch.engine, shop.watch.daemon
    engine.run("site", "--stop-signal", "KILL", "--publish", f"{SITE_PORT}:80", image="shop/web:1")
    daemon.wait_protected("site")
    old = shop.identities()["site"]
    told = shop.deploy(command=shell(f"docker rm --force site; {SITE.replace('IMAGE', shop.web('2', SERVES))}"))
    shop.proves(told, 0, "committed")
    new = shop.identities()["site"]
    assert new != old
    shop.still_good("site")
    before = shop.state()
    for forgets in ("docker rm --force site", "docker rm --force site; docker run --name site no/such:image; true"):
        told = shop.deploy(command=shell(forgets))
        shop.proves(told, 1, "rolled_back")
        assert "site is gone and nothing replaced it" in told.end["because"]
        assert shop.state() == before
        shop.still_good("site")
    fails = SITE.replace("IMAGE", shop.web("fails", "exit 1"))
    told = shop.deploy("--services", "site", command=shell(f"docker rm --force site; {fails}"))
    shop.proves(told, 1, "rolled_back")
    assert shop.state() == before
    assert engine.get(SITE_PORT).body == b"ok\n"
    shop.still_good("site")
    told = shop.deploy("--retire", "site", command=shell("docker rm --force site"))
    shop.proves(told, 0, "committed")
    shop.still_good()
