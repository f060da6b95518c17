"""What recreating a container got wrong elsewhere, one by one, on a real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.remaking import recreated, set_stage
from tests.lab.engine import LabEngine
from tests.lab.sameness import assert_the_same
from watchdog.engine.docker import DockerEngine
from watchdog.engine.endpoints import PREDEFINED
from watchdog.model.plan import (
    ConnectNetwork,
    CreateContainer,
    CreateNetwork,
    DisconnectNetwork,
    RemoveContainer,
    RenameContainer,
    StartContainer,
    StopContainer,
)
from watchdog.model.settings import EngineSettings

pytestmark = pytest.mark.engine


@pytest.fixture
async def engine(clean_engine: LabEngine) -> AsyncIterator[DockerEngine]:
    engine = DockerEngine(EngineSettings(host=clean_engine.host, timeout=30.0))
    yield engine
    await engine.close()


@pytest.fixture
def stage(clean_engine: LabEngine) -> LabEngine:
    set_stage(clean_engine)
    return clean_engine


async def test_a_privileged_container_stays_privileged(stage: LabEngine, engine: DockerEngine) -> None:
    old = stage.docker("create", "--name", "web", "--privileged", "shop/web:1")  # not every machine can start it
    before, spec = stage.inspect(old), await engine.capture(old)
    await engine.execute(RemoveContainer(old))
    assert_the_same(before, stage.inspect(await engine.execute(CreateContainer(spec.id, "web", spec.image_id), spec)))


async def test_every_network_comes_back_with_what_was_asked_for(stage: LabEngine, engine: DockerEngine) -> None:
    old = stage.run("web", "--network", "front", "--network-alias", "www", image="shop/web:1")
    stage.docker("network", "connect", "--alias", "hidden", "back", "web")
    spec = await engine.capture(old)
    made = await recreated(engine, spec, old)
    networks = stage.inspect(made)["NetworkSettings"]["Networks"]
    assert set(networks) == {"front", "back"}
    assert "www" in networks["front"]["Aliases"]
    assert "hidden" in networks["back"]["Aliases"]
    assert not [alias for name in networks for alias in networks[name]["Aliases"] if alias == old[:12]]
    assert networks["front"]["IPAMConfig"] in (None, {}), "a generated address was pinned"
    assert (await engine.capture(made)).id == spec.id


async def test_a_mac_is_kept_only_where_it_was_asked_for(stage: LabEngine, engine: DockerEngine) -> None:
    body = {"Image": "shop/web:1", "MacAddress": "02:42:0a:4d:00:77", "HostConfig": {"NetworkMode": "front"}}
    old = stage.api("POST", "/v1.41/containers/create", body, {"name": "web"}).json["Id"]
    stage.docker("network", "connect", "back", "web")
    stage.docker("start", "web")
    spec = await engine.capture(old)
    assert {name: endpoint.get("MacAddress") for name, endpoint in spec.endpoints.items()} == {
        "front": "02:42:0a:4d:00:77",
        "back": None,
    }
    made = await recreated(engine, spec, old)
    assert stage.inspect(made)["NetworkSettings"]["Networks"]["front"]["MacAddress"] == "02:42:0a:4d:00:77"


async def test_anonymous_volumes_keep_what_is_in_them(stage: LabEngine, engine: DockerEngine) -> None:
    old = stage.run("web", "--volume", "/more", image="shop/web:1")
    stage.docker("exec", "web", "sh", "-c", "echo precious > /data/file; echo precious > /more/file")
    spec = await engine.capture(old)
    await recreated(engine, spec, old)
    assert stage.docker("exec", "web", "cat", "/data/file", "/more/file") == "precious\nprecious"
    assert len(stage.api("GET", "/volumes").json["Volumes"]) == len(spec.volumes) + 1  # the peer's own


async def test_a_moved_tag_does_not_change_what_is_recreated(stage: LabEngine, engine: DockerEngine) -> None:
    old = stage.run("web", image="shop/web:1")
    spec = await engine.capture(old)
    await engine.pin_image(spec.image_id, "shop/web")
    assert stage.image("shop/web:1", marker="broken") != spec.image_id
    made = await recreated(engine, spec, old)
    assert stage.inspect(made)["Image"] == spec.image_id


async def test_a_pinned_image_survives_a_prune(stage: LabEngine, engine: DockerEngine) -> None:
    image_id = stage.image("shop/gone:1", marker="pinned")
    await engine.pin_image(image_id, "shop/web")
    stage.docker("rmi", "shop/gone:1")
    stage.docker("image", "prune", "--force")
    assert stage.api("GET", f"/images/{image_id}/json").status == 200
    await engine.unpin_image(image_id, "shop/web")
    assert stage.api("GET", f"/images/{image_id}/json").status == 404


async def test_an_entrypoint_that_was_switched_off_stays_off(stage: LabEngine, engine: DockerEngine) -> None:
    stage.image("shop/entry:1", entrypoint=["/bin/false"])
    old = stage.run("web", "--entrypoint", "", "--", "sleep", "1000", image="shop/entry:1")
    before, spec = stage.inspect(old), await engine.capture(old)
    after = stage.inspect(await recreated(engine, spec, old))
    assert after["State"]["Running"] is True
    assert_the_same(before, after)


async def test_a_child_finds_its_parent_by_name_after_both_were_replaced(
    stage: LabEngine, engine: DockerEngine
) -> None:
    child = stage.run("child", "--network", "container:peer", image="shop/web:1")
    spec = await engine.capture(child)
    stage.docker("rm", "--force", "peer")
    parent = stage.run("peer")
    made = await recreated(engine, spec, child)
    assert stage.inspect(made)["HostConfig"]["NetworkMode"] == f"container:{parent}"


async def test_a_child_whose_parent_is_gone_is_handed_over(stage: LabEngine, engine: DockerEngine) -> None:
    child = stage.run("child", "--network", "container:peer")
    stage.docker("rm", "--force", "peer")
    (reason,) = (await engine.capture(child)).unfaithful
    assert "no longer exists" in reason


async def test_a_container_that_removes_itself_is_handed_over(stage: LabEngine, engine: DockerEngine) -> None:
    (reason,) = (await engine.capture(stage.run("web", "--rm"))).unfaithful
    assert "--rm" in reason


async def test_a_removed_network_comes_back_so_that_compose_accepts_it(
    stage: LabEngine, engine: DockerEngine, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "name: shop\n"
        "services: {web: {image: 'shop/web:1', networks: [lan], init: true}}\n"
        "networks: {lan: {internal: true}}\n"
    )
    stage.compose(tmp_path, "up", "--detach")
    old = stage.inspect("shop-web-1")["Id"]
    spec = await engine.capture(old)
    assert spec.unfaithful == ()
    stage.compose(tmp_path, "down")
    await engine.execute(CreateNetwork(spec.id, "shop_lan"), spec)
    made = await engine.execute(CreateContainer(spec.id, "shop-web-1", spec.image_id), spec)
    await engine.execute(StartContainer(made))
    said = stage.compose(tmp_path, "up", "--detach")
    assert "Recreat" not in said
    assert stage.inspect("shop-web-1")["Id"] == made


async def test_secrets_and_configs_that_compose_copied_in_are_handed_over(
    stage: LabEngine, engine: DockerEngine, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(
        """
name: shop
services:
  web: {image: 'shop/web:1', configs: [{source: inline, target: /etc/app/app.conf}]}
  db: {image: 'shop/web:1', secrets: [password]}
  own: {image: 'shop/web:1', configs: [filed], command: [sh, -c, 'echo x > /own; sleep 99']}
configs: {inline: {content: 'a=b'}, filed: {file: compose.yaml}}
secrets: {password: {environment: HOME}}
"""
    )
    stage.compose(tmp_path, "up", "--detach")
    reasons = {
        name: (await engine.capture(stage.inspect(f"shop-{name}-1")["Id"])).unfaithful for name in ("web", "db", "own")
    }
    assert "/etc/app/app.conf" in reasons["web"][0]
    assert "/run/secrets/password" in reasons["db"][0]
    assert reasons["own"] == ()


async def test_a_static_address_is_free_again_once_the_old_container_was_disconnected(
    stage: LabEngine, engine: DockerEngine
) -> None:
    old = stage.run("web", "--network", "front", "--ip", "10.77.0.9", "--init", image="shop/web:1")
    spec = await engine.capture(old)
    assert spec.endpoints["front"]["IPAMConfig"] == {"IPv4Address": "10.77.0.9"}
    await engine.execute(StopContainer(old, 1))
    await engine.execute(RenameContainer(old, "web.old"))
    await engine.execute(DisconnectNetwork(old, "front"))
    await engine.execute(DisconnectNetwork(old, "front"))
    made = await engine.execute(CreateContainer(spec.id, "web", spec.image_id), spec)
    await engine.execute(StartContainer(made))
    assert stage.inspect(made)["NetworkSettings"]["Networks"]["front"]["IPAddress"] == "10.77.0.9"
    await engine.execute(RemoveContainer(made))
    await engine.execute(ConnectNetwork(spec.id, old, "front"), spec)
    await engine.execute(ConnectNetwork(spec.id, old, "front"), spec)
    await engine.execute(StartContainer(old))
    assert stage.inspect(old)["NetworkSettings"]["Networks"]["front"]["IPAddress"] == "10.77.0.9"


async def test_a_network_mode_that_is_an_id_becomes_a_name(stage: LabEngine, engine: DockerEngine) -> None:
    network = stage.docker("network", "inspect", "--format", "{{.Id}}", "back")
    body = {"Image": "shop/web:1", "HostConfig": {"NetworkMode": network}}
    old = stage.api("POST", "/containers/create", body, {"name": "web"}).json["Id"]
    stage.docker("start", "web")
    spec = await engine.capture(old)
    stage.docker("rm", "--force", "web")
    stage.docker("network", "rm", "back")
    await engine.execute(CreateNetwork(spec.id, "back"), spec)
    made = await engine.execute(CreateContainer(spec.id, "web", spec.image_id), spec)
    await engine.execute(StartContainer(made))
    assert set(stage.inspect(made)["NetworkSettings"]["Networks"]) - PREDEFINED == {"back"}
