"""Fault 31: when several unrelated endpoints fail and their containers are fine, it is the observer who is blind."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.receiver import receiver
from tests.faults.scene import Scene
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

PORTS = {"webui": 8081, "blog": 8082, "wiki": 8083}
SERVE = "mkdir -p /tmp/www; echo ok > /tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www"
"""What is removed from it is there again after a restart."""


ASK_WEBUI = """mkdir -p /tmp/www/cgi-bin; cd /tmp/www/cgi-bin; cat > index.cgi <<'END'
#!/bin/sh
wget -q -O /dev/null http://10.78.0.7/ && echo "HTTP/1.0 200 OK" || echo "HTTP/1.0 503 Unavailable"
echo
END
chmod +x index.cgi; exec httpd -f -p 80 -h /tmp/www"""
"""Its page is there as long as that of webui is."""


def _run(watch: Scene, *names: str, options: tuple[str, ...] = (), serve: str = SERVE) -> dict[str, str]:
    return {
        name: watch.engine.run(
            name, "-p", f"{PORTS[name]}:80", "--stop-signal", "KILL", *options, "--", "sh", "-c", serve
        )
        for name in names
    }


def _endpoints_of(watch: Scene, *names: str, host: str | None = None, alone: bool = False) -> str:
    """An endpoint for each, asked at an address of the host that is none of its loopback's, but where `host` is one."""
    host, found = host or watch.engine.ground.address, ""
    for name in names:
        owner = "" if alone else f'service = "{name}"\n'
        url = f"http://{host}:{PORTS[name]}/"
        found += f'[[endpoint]]\nname = "{name}-page"\nurl = "{url}"\n{owner}interval = "500ms"\n'
    return found


def _fronts(**places: str) -> str:
    """A check of each service that connects to a place."""
    return "".join(
        f'[[endpoint]]\nname = "{name}-front"\ntcp = "{place}"\nservice = "{name}"\ninterval = "500ms"\n'
        for name, place in places.items()
    )


@contextmanager
def _unreachable(engine: LabEngine, *names: str) -> Generator[None]:
    """In the namespace of daemon and engine alike no connection reaches their ports; containers go on.

    One rule for all: while only the first of them could not be reached, it would be that one's own fault.
    """
    asked = [PORTS[name] for name in names]
    to_them = ("OUTPUT", "-p", "tcp", "-m", "conntrack", "--ctorigdstport", f"{min(asked)}:{max(asked)}")
    rule = (*to_them, "-j", "REJECT", "--reject-with", "icmp-host-unreachable")
    engine.command("iptables", "-I", *rule)
    try:
        yield
    finally:
        engine.command("iptables", "-D", *rule)


def _break(watch: Scene, name: str) -> None:
    watch.engine.docker("exec", name, "rm", "/tmp/www/index.html")


def _starts(watch: Scene, container: str) -> list[str]:
    return watch.events(container, "start")


def _endpoints(watch: Scene) -> dict[str, Any]:
    return {one["name"]: one["verdict"] for one in watch.daemon.status()["endpoints"]}


def test_unrelated_endpoints_that_all_fail_are_one_incident_of_the_observer_and_no_action(watch: Scene) -> None:
    containers = _run(watch, *PORTS)
    watch.start(*PORTS, more=_endpoints_of(watch, *PORTS))
    with _unreachable(watch.engine, *PORTS):
        incident = watch.wait_incident("observer")
        assert "3 unrelated checks fail while their containers are fine" in incident["summary"]
        watch.daemon.wait(lambda: set(_endpoints(watch).values()) == {"fail"}, "not all endpoints fail")
        watch.two_polls()
        assert watch.intents() == []
        assert [one["subject"] for one in watch.daemon.incidents()] == ["observer"]
        said = {watch.service(name)["recovery"] for name in PORTS}
        assert all("the observer's own network is suspected" in sentence for sentence in said), said
    closed = watch.wait_recovered("observer")
    assert watch.sentences(closed, "incident_closed") == ["the observer sees again: a check passes"]
    watch.daemon.wait_protected(*PORTS)
    watch.two_polls()
    assert watch.intents() == []
    assert [one["subject"] for one in watch.daemon.incidents()] == ["observer"]
    assert all(_starts(watch, container) == ["start"] for container in containers.values())
    assert sorted(watch.containers()) == sorted(containers.values())


def test_endpoints_that_belong_to_no_service_are_part_of_the_one_incident(watch: Scene) -> None:
    _run(watch, *PORTS)
    alone = _endpoints_of(watch, "blog", "wiki", alone=True)
    watch.start("webui", more=_endpoints_of(watch, "webui") + alone)
    watch.daemon.wait(lambda: set(_endpoints(watch).values()) == {"pass"}, "not all endpoints pass")
    with _unreachable(watch.engine, *PORTS):
        watch.wait_incident("observer")
        watch.daemon.wait(lambda: set(_endpoints(watch).values()) == {"fail"}, "not all endpoints fail")
        watch.two_polls()
        assert [one["subject"] for one in watch.daemon.incidents()] == ["observer"]
    watch.wait_recovered("observer")
    watch.daemon.wait_protected("webui")
    watch.two_polls()
    assert watch.intents() == []
    assert [one["subject"] for one in watch.daemon.incidents()] == ["observer"]


@contextmanager
def _unplugged(engine: LabEngine) -> Generator[None]:
    """The daemon's own way to the world is down, as with its cable pulled; its engine is beside it."""
    link = ("link", "set", f"{engine.ground.name}n")
    engine.command("ip", *link, "down")
    try:
        yield
    finally:
        engine.command("ip", *link, "up")


def test_a_host_whose_cable_is_pulled_is_one_incident_of_the_observer_and_no_action(watch: Scene) -> None:
    """Its checks cannot even be asked; its references are as far away."""
    _run(watch, "webui", "blog")
    address = watch.engine.ground.host_address
    with receiver(address) as world, receiver(address) as one, receiver(address) as other:
        references = f'[observer]\nreferences = ["{world.address}"]\n'
        watch.start("webui", "blog", more=references + _fronts(webui=one.address, blog=other.address))
        with _unplugged(watch.engine):
            incident = watch.wait_incident("observer")
            assert "2 unrelated checks fail while their containers are fine" in incident["summary"]
            assert incident["summary"].endswith(f"and {world.address} does not answer either")
            watch.two_polls()
        closed = watch.wait_recovered("observer")
        assert watch.sentences(closed, "incident_closed")[0].startswith("the observer sees again: ")
        assert watch.intents() == []
        assert [one["subject"] for one in watch.daemon.incidents()] == ["observer"]


def test_a_reference_that_answers_makes_failures_that_look_like_blindness_the_services_own(watch: Scene) -> None:
    containers = _run(watch, "webui", "blog")
    with receiver(watch.engine.ground.host_address) as world:
        references = f'[observer]\nreferences = ["{world.url}"]\n'
        watch.start("webui", "blog", more=references + _endpoints_of(watch, "webui", "blog"))
        with _unreachable(watch.engine, "webui", "blog"):
            for name, container in containers.items():
                assert watch.wait_incident(name)["cause"] == "check_failed"
                watch.daemon.wait(lambda one=container: len(_starts(watch, one)) > 1, "it is not restarted")
        watch.wait_recovered("webui")
        watch.wait_recovered("blog")
    assert watch.incidents("observer") == []


def test_pages_that_answer_with_an_error_are_their_services_own_failure(watch: Scene) -> None:
    """The commonest small set-up: every check that there is answers 404 at once. Who answers proves sight."""
    containers = _run(watch, "webui", "blog")
    watch.start("webui", "blog", more=_endpoints_of(watch, "webui", "blog"))
    with watch.held():
        _break(watch, "webui")
        _break(watch, "blog")
    assert watch.wait_recovered("webui")["cause"] == "check_failed"
    assert watch.wait_recovered("blog")["cause"] == "check_failed"
    assert {one["subject"] for one in watch.daemon.incidents()} == {"webui", "blog"}
    assert all(_starts(watch, container) == ["start", "start"] for container in containers.values())


def test_pages_that_take_the_connection_and_never_answer_blind_nobody(watch: Scene) -> None:
    _run(watch, "webui", "blog")
    watch.start("webui", "blog", more=_endpoints_of(watch, "webui", "blog"))
    with watch.held():
        for name in ("webui", "blog"):
            watch.engine.docker("kill", "--signal", "STOP", name)
    _wait_for_actions(watch, "webui", "blog")
    assert watch.incidents("observer") == []


def _wait_for_actions(watch: Scene, *names: str) -> None:
    for name in names:
        assert watch.wait_incident(name)["cause"] == "check_failed"
        watch.daemon.wait(lambda one=name: watch.intents(one), f"nothing is done about {name}", 30.0)


def test_what_fails_on_the_host_itself_blinds_nobody(watch: Scene) -> None:
    _run(watch, "webui", "blog")
    watch.start("webui", "blog", more=_endpoints_of(watch, "webui", "blog", host="127.0.0.1"))
    with _unreachable(watch.engine, "webui", "blog"):
        _wait_for_actions(watch, "webui", "blog")
    watch.wait_recovered("webui")
    watch.wait_recovered("blog")
    assert watch.incidents("observer") == []


def test_refused_connections_blind_nobody(watch: Scene) -> None:
    _run(watch, "webui", "blog")
    address = watch.engine.ground.host_address
    with receiver(address) as one, receiver(address) as other:
        watch.start("webui", "blog", more=_fronts(webui=one.address, blog=other.address))
    _wait_for_actions(watch, "webui", "blog")
    assert watch.incidents("observer") == []


TOUCHED = "test ! -e /tmp/sick"


def test_commands_and_health_checks_are_believed_while_the_observer_is_blind(watch: Scene) -> None:
    """Neither goes over its network."""
    _run(watch, *PORTS)
    asked = ("--health-cmd", TOUCHED, "--health-interval", "1s", "--health-retries", "1", "--restart", "no")
    watch.engine.run("healthy", *asked)
    watch.engine.run("inside", "--label", "watchdog.check.own.exec=sh -c 'test ! -e /tmp/sick'")
    watch.start(*PORTS, "healthy", "inside", more=_endpoints_of(watch, *PORTS))
    with _unreachable(watch.engine, *PORTS):
        watch.wait_incident("observer")
        for name in ("healthy", "inside"):
            watch.engine.docker("exec", name, "touch", "/tmp/sick")
            watch.daemon.wait(lambda one=name: watch.intents(one), f"nothing is done about {name}", 30.0)
        assert {row["subject"] for row in watch.intents()} == {"healthy", "inside"}
    watch.wait_recovered("observer")


def test_checks_of_one_place_count_once(watch: Scene) -> None:
    """Two services that are asked by way of one proxy: it is that one's failure, and theirs."""
    _run(watch, "webui", "blog")
    shared = _endpoints_of(watch, "webui") + _endpoints_of(watch, "blog").replace(
        str(PORTS["blog"]), str(PORTS["webui"])
    )
    watch.start("webui", "blog", more=shared)
    with _unreachable(watch.engine, "webui"):
        watch.daemon.wait(
            lambda: {row["subject"] for row in watch.intents()} == {"webui", "blog"}, "not believed", 30.0
        )
    watch.wait_recovered("webui")
    watch.wait_recovered("blog")
    assert watch.incidents("observer") == []


def test_an_observer_who_is_blind_still_brings_back_what_dies_and_leaves_its_verification_open(watch: Scene) -> None:
    containers = _run(watch, *PORTS)
    watch.daemon.environment |= {"WATCHDOG_RECOVERY__VERIFY_TIMEOUT": "1s"}
    watch.start(*PORTS, more=_endpoints_of(watch, *PORTS))
    with _unreachable(watch.engine, *PORTS):
        watch.wait_incident("observer")
        watch.engine.crash("wiki")
        watch.daemon.wait(lambda: len(_starts(watch, containers["wiki"])) == 2, "it is not started")
        watch.two_polls()
        watch.two_polls()
        assert watch.wait_incident("wiki")["closed_at"] is None, "nothing has shown that it is good"
    watch.wait_recovered("wiki")
    watch.daemon.wait_protected(*PORTS)
    watch.two_polls()
    assert [row["subject"] for row in watch.intents()] == ["wiki"]
    assert len(watch.daemon.rows("outcome")) == 1


def test_one_endpoint_that_fails_while_another_passes_has_its_service_recovered(watch: Scene) -> None:
    containers = _run(watch, "webui", "blog")
    watch.start("webui", "blog", more=_endpoints_of(watch, "webui", "blog"))
    _break(watch, "webui")
    incident = watch.wait_recovered("webui")
    assert incident["cause"] == "check_failed"
    watch.two_polls()
    assert _starts(watch, containers["webui"]) == ["start", "start"]
    assert _starts(watch, containers["blog"]) == ["start"]
    (intent,) = watch.intents()
    assert intent["payload"]["rung"] == "restart"
    assert [one["subject"] for one in watch.daemon.incidents()] == ["webui"]


def test_two_that_fail_together_while_a_third_passes_are_both_recovered(watch: Scene) -> None:
    containers = _run(watch, *PORTS)
    watch.start(*PORTS, more=_endpoints_of(watch, *PORTS))
    _break(watch, "webui")
    _break(watch, "blog")
    assert watch.wait_recovered("webui")["cause"] == "check_failed"
    assert watch.wait_recovered("blog")["cause"] == "check_failed"
    watch.two_polls()
    assert [len(_starts(watch, containers[name])) for name in PORTS] == [2, 2, 1]
    assert {one["subject"] for one in watch.daemon.incidents()} == {"webui", "blog"}


def test_an_only_endpoint_that_fails_has_its_service_recovered(watch: Scene) -> None:
    """With nothing to compare it with, what is seen is believed."""
    containers = _run(watch, "webui")
    watch.start("webui", more=_endpoints_of(watch, "webui"))
    _break(watch, "webui")
    assert watch.wait_recovered("webui")["cause"] == "check_failed"
    assert _starts(watch, containers["webui"]) == ["start", "start"]


def test_endpoints_that_fail_with_the_service_that_they_need_are_not_the_observers_fault(watch: Scene) -> None:
    """The root is broken: it is recovered, and those that need it are left alone and judged anew when it is good."""
    watch.engine.docker("network", "create", "--subnet", "10.78.0.0/24", "shop")
    root = _run(watch, "webui", options=("--net", "shop", "--ip", "10.78.0.7"))["webui"]
    needs = ("--net", "shop", "--label", "watchdog.depends-on=webui")
    others = _run(watch, "blog", "wiki", options=needs, serve=ASK_WEBUI)
    watch.start(*PORTS, more=_endpoints_of(watch, *PORTS))
    _break(watch, "webui")
    watch.wait_recovered("webui")
    watch.daemon.wait_protected(*PORTS)
    watch.two_polls()
    assert watch.incidents("observer") == []
    assert {row["subject"] for row in watch.intents()} == {"webui"}
    assert _starts(watch, root) == ["start", "start"]
    assert all(len(_starts(watch, container)) == 1 for container in others.values())
