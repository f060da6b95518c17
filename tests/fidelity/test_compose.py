"""A whole Compose project is removed, networks and all, and comes back so that Compose sees no difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.lab.sameness import assert_the_same

pytestmark = pytest.mark.engine

STACK = """
name: shop
services:
  db:
    image: busybox:lab
    volumes: [data:/data, /scratch]
    networks: {back: {ipv4_address: 10.77.0.9}}
    healthcheck: {test: [CMD, "true"], interval: 200ms}
    ulimits: {nofile: {soft: 100, hard: 200}}
    logging: {driver: json-file, options: {max-size: 1m}}
  api:
    image: busybox:lab
    depends_on: {db: {condition: service_healthy}}
    environment: {TOKEN: secret}
    networks: {back: {aliases: [backend]}, default: {mac_address: "02:aa:00:00:00:01"}}
    volumes: [{type: tmpfs, target: /cache}, ./site:/site:ro]
    configs: [{source: filed, target: /etc/app.conf}]
    read_only: true
    cap_drop: [ALL]
    init: true
    stop_grace_period: 0s
    links: ["db:database"]
  sidecar:
    image: busybox:lab
    network_mode: service:api
    pid: service:api
  webui:
    image: busybox:lab
    command: httpd -f -p 80 -h /www
    depends_on: [api]
    ports: ["8081:80", "82"]
    deploy: {resources: {limits: {memory: 64m, cpus: "0.5"}}}
    hostname: web
    extra_hosts: ["legacy:10.0.0.9"]
    restart: unless-stopped
networks: {back: {ipam: {config: [{subnet: 10.77.0.0/24}]}, labels: {a: b}}}
volumes: {data: {labels: {c: d}}}
configs: {filed: {file: ./app.conf}}
"""
COPIED = """
name: shop
services:
  web: {image: 'busybox:lab', init: true, secrets: [password]}
secrets: {password: {environment: PATH}}
"""


@pytest.mark.parametrize(
    ("made", "removed"),
    [
        pytest.param(("db", "api", "webui"), ("webui", "api", "db"), id="whole"),
        # of a replaced `api` Compose would make the sidecar anew: its hash of it holds the ID
        pytest.param(("db", "api", "sidecar", "webui"), ("sidecar", "webui", "db"), id="all but one"),
    ],
)
def test_a_project_that_was_removed_comes_back_so_that_compose_finds_nothing_to_do(
    watch: Scene, tmp_path: Path, made: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    engine, project = watch.engine, tmp_path / "shop"
    (project / "site").mkdir(parents=True)
    (project / "compose.yaml").write_text(STACK)
    (project / "app.conf").write_text("a = b\n")
    engine.compose(project, "up", "--detach", *made)
    engine.docker("exec", "shop-db-1", "touch", "/data/precious", "/scratch/precious")
    before = {name: engine.inspect(f"shop-{name}-1") for name in made}
    watch.start(*(f"shop/{name}" for name in made))

    engine.docker("rm", "--force", *(f"shop-{name}-1" for name in removed))
    engine.docker("network", "prune", "--force")
    for name in removed:
        watch.wait_recovered(f"shop/{name}")

    for name in made:
        assert_the_same(before[name], engine.inspect(f"shop-{name}-1"))
    engine.docker("exec", "shop-db-1", "ls", "/data/precious", "/scratch/precious")
    since = watch.moment()
    said = engine.compose(project, "up", "--detach", *made)
    assert said.count("Running") == len(made), said
    assert [one for one in watch.happened(since) if not one.startswith("health_status")] == []


def test_what_compose_copied_in_cannot_be_brought_back_and_a_person_is_told(watch: Scene, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COPIED)
    watch.engine.compose(tmp_path, "up", "--detach")
    watch.start("shop/web")
    because = "Compose copied secrets or configs into its file system (/run/secrets/password)"
    assert f"could not be recreated: {because}" in watch.daemon.log
    watch.engine.docker("rm", "--force", "shop-web-1")
    watch.daemon.wait(lambda: watch.service("shop/web")["quarantined"], "it is not handed over")
    incident = watch.wait_incident("shop/web")
    (alert,) = watch.sentences(incident, "alert")
    assert f"it cannot be reproduced faithfully: {because}, and they cannot be read back" in alert
    assert incident["severity"] == "critical"
    watch.two_polls()
    assert watch.intents() == []
    assert watch.containers() == []


def test_ports_that_the_engine_chooses_may_be_others_and_that_is_said(watch: Scene) -> None:
    watch.engine.run("web", "--publish", "80", "--publish", "8081:81")
    watch.start("web")
    watch.engine.docker("rm", "--force", "web")
    incident = watch.wait_recovered("web")
    ports = watch.engine.inspect("web")["NetworkSettings"]["Ports"]
    now = f"80/tcp at {ports['80/tcp'][0]['HostPort']}"
    (outcome,) = watch.sentences(incident, "outcome")
    assert outcome == f"recreate recovered: runs; the engine chose its host ports anew: {now}"
