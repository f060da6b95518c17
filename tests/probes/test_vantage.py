"""A check that says `from` is asked inside that container's network, with its names."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.lab.engine import LabEngine
from tests.support.eventually import eventually
from watchdog.engine.docker import DockerEngine
from watchdog.engine.parse import container_from
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.network import IcmpProbe, TcpProbe, TlsProbe
from watchdog.model.settings import EngineSettings
from watchdog.probes import Prober

pytestmark = pytest.mark.engine

WEB = "mkdir -p /tmp/www; echo welcome > /tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www"


@dataclass
class Remote:
    """An engine that says so of its only container."""

    container: Container

    async def inspect(self, container: str) -> Container:
        assert container == self.container.id
        return self.container


@dataclass
class Seen:
    """What the daemon's world is to the prober: containers as they were last looked at."""

    engine: Any
    found: dict[str, Container]

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:  # noqa: ARG002 - as Containers
        return self.found.get(service.name)


class Ground:
    """A prober over the engine, and the container `api` from which it asks."""

    def __init__(self, lab: LabEngine, engine: DockerEngine) -> None:
        self.lab = lab
        self.seen = Seen(engine, {})
        self.prober = Prober(time.time, self.seen)

    def look(self, name: str) -> Container:
        self.seen.found[name] = container_from(self.lab.inspect(name))
        return self.seen.found[name]

    def run(self, name: str, *options: str, serve: str = WEB) -> str:
        made = self.lab.run(name, *options, "--stop-signal", "KILL", "--", "sh", "-c", serve)
        self.look(name)
        return made

    def inside(self, name: str, script: str) -> None:
        """What a container with all powers could do to its own files."""
        place = ("nsenter", f"--target={self.lab.inspect(name)['State']['Pid']}", "--mount", "/bin/sh", "-c", script)
        subprocess.run(place, check=True)

    async def ask(self, probe: Probe, vantage: str | None = "api", limit: float = 5.0) -> Observation:
        place = ServiceKey("", vantage) if vantage else None
        return await self.prober.ask(Check(name="c", probe=probe, vantage=place, timeout=limit))


@pytest.fixture
async def ground(clean_engine: LabEngine) -> AsyncIterator[Ground]:
    engine = DockerEngine(EngineSettings(host=clean_engine.host))
    made = Ground(clean_engine, engine)
    yield made
    await made.prober.close()
    await engine.close()


@pytest.fixture
def network(clean_engine: LabEngine) -> str:
    clean_engine.docker("network", "create", "shop")
    return "shop"


def judged(seen: Observation) -> tuple[Verdict, Any]:
    return seen.verdict, seen.evidence.get("class")


async def test_names_and_addresses_are_those_of_the_container(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network)
    ground.run("api", "--network", network)
    seen = await ground.ask(TcpProbe(tcp="db:80"))
    assert (seen.verdict, seen.evidence["from"]) == (Verdict.PASS, "api")
    assert list(seen.phases) == ["resolve", "connect"]
    assert judged(await ground.ask(TlsProbe(tls="db:80"))) == (Verdict.FAIL, "tls_handshake")
    assert (await ground.ask(TcpProbe(tcp="db:80"), vantage=None)).verdict is not Verdict.PASS


async def test_a_page_of_another_container_is_asked_by_its_name(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network)
    ground.run("api", "--network", network)
    for connection in (1, 2):
        seen = await ground.ask(HttpProbe(url="http://db/", body_matches="welcome"))
        assert seen.verdict is Verdict.PASS, (connection, seen)
    assert {"resolve", "connect", "processing", "transfer"} == set(seen.phases)
    assert judged(await ground.ask(HttpProbe(url="http://nobody/"))) == (Verdict.FAIL, "dns")


async def test_another_container_is_pinged_by_its_name(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network)
    ground.run("api", "--network", network)
    assert (await ground.ask(IcmpProbe(icmp="db"))).verdict is Verdict.PASS
    address = ground.lab.inspect("db")["NetworkSettings"]["Networks"][network]["IPAddress"]
    ground.lab.docker("kill", "db")
    seen = await ground.ask(IcmpProbe(icmp=address))
    assert judged(seen) in {(Verdict.FAIL, "unreachable"), (Verdict.FAIL, "timeout")}


async def test_loopback_is_the_containers_own(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network)
    ground.run("api", "--network", network, serve="sleep 1000000")
    assert judged(await ground.ask(TcpProbe(tcp="127.0.0.1:80"))) == (Verdict.FAIL, "refused")
    assert (await ground.ask(TcpProbe(tcp="127.0.0.1:80"), vantage="db")).verdict is Verdict.PASS
    assert judged(await ground.ask(TcpProbe(tcp="169.254.1.1:80"))) == (Verdict.UNKNOWN, "not_asked")


async def test_a_container_that_left_the_network_is_not_found_any_more(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network)
    ground.run("api", "--network", network)
    address = ground.lab.inspect("db")["NetworkSettings"]["Networks"][network]["IPAddress"]
    ground.lab.docker("network", "disconnect", network, "db")
    seen = await ground.ask(TcpProbe(tcp="db:80"))
    assert judged(seen) == (Verdict.FAIL, "dns"), seen
    assert judged(await ground.ask(TcpProbe(tcp=f"{address}:80"))) == (Verdict.FAIL, "unreachable")
    ground.lab.docker("network", "connect", "--alias", "database", network, "db")
    assert (await ground.ask(TcpProbe(tcp="database:80"))).verdict is Verdict.PASS


async def test_a_container_without_a_network_reaches_nobody_and_that_is_no_fault_of_the_asker(
    ground: Ground, network: str
) -> None:
    ground.run("api", "--network", network)
    ground.lab.docker("network", "disconnect", network, "api")
    assert judged(await ground.ask(TcpProbe(tcp="db:80"))) == (Verdict.FAIL, "dns")
    seen = await ground.ask(TcpProbe(tcp="10.99.0.1:80"))
    assert judged(seen) == (Verdict.FAIL, "unreachable")
    assert seen.reason == "10.99.0.1:80 cannot be reached: api has no route to its network"


async def test_the_hosts_file_of_the_container_counts(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network)
    address = ground.lab.inspect("db")["NetworkSettings"]["Networks"][network]["IPAddress"]
    ground.run("api", "--network", network, "--add-host", f"Old-Name.shop:{address}")
    assert (await ground.ask(TcpProbe(tcp="old-name.shop:80"))).verdict is Verdict.PASS


async def test_search_domains_of_the_container_count(ground: Ground, network: str) -> None:
    ground.run("db", "--network", network, "--network-alias", "db.internal.example")
    ground.run("api", "--network", network, "--dns-search", "internal.example", "--dns-opt", "ndots:1")
    ground.lab.docker("network", "disconnect", network, "db")
    ground.lab.docker("network", "connect", "--alias", "store.internal.example", network, "db")
    assert (await ground.ask(TcpProbe(tcp="store:80"))).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "written",
    ["ln -sf /proc/kmsg", "ln -sf /dev/zero", "mkfifo", "ln -sf /loop; ln -sf /loop /loop; true", "mkdir"],
)
async def test_what_a_container_makes_of_its_files_hurts_nobody(ground: Ground, network: str, written: str) -> None:
    ground.run("db", "--network", network)
    ground.run("api", "--network", network)
    for name in ("/etc/hosts", "/etc/resolv.conf"):
        ground.inside("api", f"umount {name}; rm -f {name}; {written} {name}")
    seen = await ground.ask(TcpProbe(tcp="db:80"), limit=3.0)
    assert seen.verdict is not Verdict.PASS
    assert seen.seconds < 3.5, seen


async def test_a_link_of_a_container_never_leads_to_a_file_of_the_host(
    ground: Ground, network: str, tmp_path: Any
) -> None:
    ours = tmp_path / "hosts"
    ours.write_text("127.0.0.1 secret-name\n")
    tmp_path.chmod(0o755)
    ground.run("api", "--network", network)
    ground.inside("api", f"umount /etc/hosts; ln -sf {ours} /etc/hosts")
    assert (await ground.ask(TcpProbe(tcp="secret-name:80"))).verdict is not Verdict.PASS
    ground.inside("api", f"mkdir -p {tmp_path}; echo 127.0.0.1 own-name > {ours}")
    assert (await ground.ask(TcpProbe(tcp="own-name:80"))).verdict is Verdict.PASS


async def test_a_service_that_cannot_ask_is_unknown_and_says_why(ground: Ground) -> None:
    nobody = await ground.ask(TcpProbe(tcp="db:80"))
    assert judged(nobody) == (Verdict.UNKNOWN, "no_vantage")
    assert nobody.reason == "nothing was asked from api: it has no container"
    ground.run("api")
    ground.lab.docker("stop", "--time", "0", "api")
    stopped = await ground.ask(TcpProbe(tcp="db:80"))  # what was last seen is older than its end
    assert judged(stopped) == (Verdict.UNKNOWN, "no_vantage")
    assert stopped.reason == "nothing was asked from api: its container does not run"
    ground.lab.docker("rm", "api")
    gone = await ground.ask(TcpProbe(tcp="db:80"))
    assert judged(gone) == (Verdict.UNKNOWN, "no_vantage")


async def test_a_container_that_was_just_restarted_is_entered_by_its_new_process(ground: Ground) -> None:
    ground.run("api")
    ground.lab.docker("restart", "--time", "0", "api")
    await eventually(lambda: _serves(ground))


async def _serves(ground: Ground) -> bool:
    return (await ground.ask(TcpProbe(tcp="127.0.0.1:80"))).verdict is Verdict.PASS


async def test_a_process_that_is_not_the_containers_is_never_entered(ground: Ground) -> None:
    ground.run("api")
    ground.seen.found["api"] = replace(ground.seen.found["api"], pid=os.getpid())
    assert await _serves(ground)  # the engine was asked which one it is
    # of an engine on another host: its numbers mean nothing here
    ground.seen.found["api"] = replace(ground.seen.found["api"], id="f" * 64, pid=os.getpid())
    ground.seen.engine = Remote(ground.seen.found["api"])
    seen = await ground.ask(TcpProbe(tcp="127.0.0.1:80"))
    assert judged(seen) == (Verdict.UNKNOWN, "no_vantage")
    assert "watchdog must run beside the engine" in seen.reason
