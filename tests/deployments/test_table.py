"""What a new image does, and how its deployment ends."""

from __future__ import annotations

import time

import pytest

from tests.deployments.stage import HTTPD, PORT, Shop

pytestmark = pytest.mark.engine

SERVE = "exec httpd -f -p 80 -h /www"
ANSWERS_500 = (
    "mkdir /www/cgi-bin; cd /www/cgi-bin; "
    "printf '#!/bin/sh\\nprintf \"Status: 500 Broken\\\\r\\\\n\\\\r\\\\n\"\\n' > index.cgi; "
    "chmod +x index.cgi; rm /www/index.html"
)
HEALTHCHECK = "--interval=200ms --start-period=20s CMD test -e /tmp/ready"
JOURNEY = f"""
[[journey]]
name = "login"
services = ["shop/webui"]
base = "http://127.0.0.1:{PORT}"
interval = "1s"
retry_interval = "100ms"
[[journey.step]]
name = "front"
url = "/"
[[journey.step]]
name = "login"
url = "/cgi-bin/login"
form = {{ user = "ann" }}
body_contains = "Hello ann"
"""


def login(says: str) -> str:
    """A script that greets whoever logs in."""
    program = f'#!/bin/sh\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n{says}"\\n'
    return f"mkdir -p /www/cgi-bin; printf '{program}' > /www/cgi-bin/login; chmod +x /www/cgi-bin/login; {SERVE}"


def test_a_good_image_is_committed_and_becomes_what_a_recovery_brings_back(shop: Shop) -> None:
    shop.open()
    engine = shop.watch.engine
    before = shop.identities()
    new = engine.image("shop/web:2", marker="two", cmd=HTTPD)
    shop.write(image="shop/web:2")
    told = shop.commits()
    assert told.end["touched"] == ["shop/webui"]
    after = shop.identities()
    assert [name for name in after if after[name] != before[name]] == ["shop-webui-1"]
    engine.docker("rm", "--force", "shop-webui-1")
    shop.watch.wait_recovered("shop/webui")
    assert engine.inspect("shop-webui-1")["Image"] == new


def test_an_image_that_crashes_or_serves_errors_or_degrades_later_is_rolled_back(shop: Shop) -> None:
    shop.open()
    before = shop.identities()
    shop.write(image=shop.web("crashes", "exit 3"))
    told = shop.rolls_back("it ended with code 3")
    evidence = shop.run("deployments", str(told.end["id"])).out
    assert "application ok shop/webui page" in evidence, evidence
    shop.write(image=shop.web("errors", f"{ANSWERS_500}; touch /tmp/ready; {SERVE}", healthcheck=HEALTHCHECK))
    told = shop.rolls_back("answers HTTP 500")
    assert [(one["gate"], one["passed"]) for one in told.of("gate")][2:4] == [
        ("infrastructure", True),
        ("application", False),
    ]
    for script in (f"(sleep 2; {ANSWERS_500}) & {SERVE}", f"timeout 2 {SERVE.removeprefix('exec ')}; exit 4"):
        shop.write(image=shop.web("degrades", script))
        began = time.monotonic()
        told = shop.rolls_back("", soak="60s")
        assert any("it soaks for 60 s" in one["sentence"] for one in told.of("stage")), told.why
        assert time.monotonic() - began < 20.0, "the first proof halts it"
    after = shop.identities()
    assert [name for name in after if after[name] != before[name]] == ["shop-webui-1"]


def test_a_journey_that_fails_while_every_page_is_served_is_rolled_back(shop: Shop) -> None:
    shop.open(image=shop.web("login", login("Hello ann")), config=JOURNEY)
    shop.write(image=shop.web("nologin", login("Who are you?")))
    told = shop.rolls_back("journeys: login")
    assert [one["passed"] for one in told.of("gate") if one["gate"] == "application"][:1] == [True]


def test_a_service_that_takes_its_time_to_be_ready_is_waited_for(shop: Shop) -> None:
    shop.open()
    slow = shop.web("slow", f"(sleep 2; touch /tmp/ready) & sleep 1; {SERVE}", healthcheck=HEALTHCHECK)
    shop.write(image=slow)
    assert shop.commits().end["downtime_seconds"]["shop/webui"] >= 1.0
    shop.write(image=shop.web("late", f"sleep 2; {SERVE}"))
    assert shop.commits().end["downtime_seconds"]["shop/webui"] >= 1.0
