"""inspect → create → inspect on a real engine, for everything that `docker run` can ask for, one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from tests.engine.remaking import recreated, set_stage
from tests.lab.engine import LabEngine
from tests.lab.sameness import assert_the_same
from watchdog.engine.docker import DockerEngine
from watchdog.engine.spec import config_hash
from watchdog.model.settings import EngineSettings

pytestmark = pytest.mark.engine

FACES: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "command and environment": ("--env", "A=b c", "--env", "EMPTY=", "--workdir", "/tmp", "--user", "nobody"),
    "entrypoint": ("--entrypoint", "/bin/sleep", "--stop-signal", "INT", "--stop-timeout", "7", "--init"),
    "health check": ("--health-cmd", "true", "--health-interval", "7s", "--health-retries", "4"),
    "no health check": ("--no-healthcheck",),
    "labels": ("--label", "com.docker.compose.project=shop", "--label", "with=a,b=c"),
    "published ports": ("--publish", "127.0.0.1:8081:80", "--publish", "81", "--expose", "90/udp"),
    "volumes of every kind": (
        *(
            "--volume",
            "named:/named",
            "--volume",
            "/anonymous",
            "--volume",
            "read:/read:ro",
            "--volume",
            "/etc:/host:ro",
        ),
        *("--mount", "type=volume,dst=/mounted", "--mount", "type=volume,src=other,dst=/other,readonly"),
        *("--tmpfs", "/scratch:size=1m", "--mount", "type=tmpfs,dst=/scratch2,tmpfs-size=1048576"),
    ),
    "hostname": ("--hostname", "web", "--domainname", "example.org", "--add-host", "db:10.0.0.9", "--dns", "10.0.0.1"),
    "limits": (
        *("--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "--ulimit", "nofile=100:200"),
        *("--shm-size", "8m", "--oom-score-adj", "100"),
    ),
    "security": (
        *("--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE", "--read-only"),
        *("--security-opt", "no-new-privileges", "--sysctl", "net.core.somaxconn=200"),
    ),
    "unconfined": ("--security-opt", "systempaths=unconfined", "--security-opt", "seccomp=unconfined"),
    "device": ("--device", "/dev/null:/dev/nil:r"),
    "restart policy and log": ("--restart", "on-failure:3", "--log-opt", "max-size=1m", "--log-opt", "max-file=2"),
    "terminal": ("--tty", "--interactive"),
    "host network": ("--network", "host"),
    "host names": ("--network", "host", "--uts", "host", "--pid", "host", "--ipc", "host"),
    "no network": ("--network", "none"),
    "custom network": ("--network", "front", "--ip", "10.77.0.9", "--network-alias", "www", "--network-alias", "api"),
    "link": ("--link", "peer:db"),
    "link on a custom network": ("--network", "front", "--link", "friend:db"),
    "volumes of another": ("--volumes-from", "peer:ro"),
    "network of another": ("--network", "container:peer", "--pid", "container:peer", "--ipc", "container:shareable"),
}


@pytest.fixture(scope="module")
def shared_stage(lab_engine: LabEngine) -> Iterator[LabEngine]:
    """The neighbours are only looked at: one stage serves all faces."""
    lab_engine.clean()
    set_stage(lab_engine)
    yield lab_engine
    lab_engine.clean()


@pytest.fixture
def stage(shared_stage: LabEngine) -> Iterator[LabEngine]:
    yield shared_stage
    shared_stage.docker("rm", "--force", "--volumes", "web")


@pytest.fixture
async def engine(stage: LabEngine) -> AsyncIterator[DockerEngine]:
    engine = DockerEngine(EngineSettings(host=stage.host, timeout=30.0))
    yield engine
    await engine.close()


@pytest.mark.parametrize("face", FACES)
async def test_a_recreated_container_is_the_one_that_was(face: str, stage: LabEngine, engine: DockerEngine) -> None:
    command = ("--", "1000") if face == "entrypoint" else ()
    old = stage.run("web", *FACES[face], *command, image="shop/web:1")
    before = stage.inspect(old)
    spec = await engine.capture(old)
    assert spec.unfaithful == ()
    made = await recreated(engine, spec, old)
    after = stage.inspect(made)
    assert after["State"]["Running"] is True
    assert_the_same(before, after)
    again = await engine.capture(made)
    assert again == spec
    assert config_hash(again) == config_hash(spec)
