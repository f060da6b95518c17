"""What is foreseen of a command of Docker Compose is what Compose then does."""

from __future__ import annotations

import sysconfig
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.lab.engine import LabEngine
from watchdog.cli.compose_command import read_intent
from watchdog.engine.docker import DockerEngine
from watchdog.errors import WatchdogError
from watchdog.model.compose_intent import Action, ComposeChange
from watchdog.model.container import Container
from watchdog.model.settings import EngineSettings
from watchdog.policy.compose_changes import changes, compose_containers

pytestmark = pytest.mark.engine

COMPOSE = str(Path(sysconfig.get_path("platlib")) / "compose" / "docker-compose")
Seen = Mapping[str, Container]


class Project:
    """A project on a real engine: each command is foreseen, then carried out, and the two are compared."""

    def __init__(self, lab: LabEngine, engine: DockerEngine, directory: Path) -> None:
        self.lab, self.engine, self.directory = lab, engine, directory

    def write(self, **services: str) -> None:
        """Service → its mapping in YAML's flow style; all end at once when they are told to, most have no network."""
        usual = {"image": "'busybox:lab'", "init": "true", "network_mode": "none"}
        lines = ""
        for name, text in services.items():
            more = "".join(f"{key}: {value}, " for key, value in usual.items() if key[:7] not in text)
            lines += f"  {name}: {{{more}{text}}}\n"
        (self.directory / "compose.yaml").write_text(f"name: shop\nservices:\n{lines}")

    async def foreseen(self, *words: str) -> tuple[ComposeChange, ...]:
        intent = await read_intent([COMPOSE, "--ansi=never", *words], self.directory, self.lab.environment)
        assert intent is not None
        images = {
            line["RepoTags"][0]: line["Id"] for line in self.lab.api("GET", "/images/json").json if line["RepoTags"]
        }
        return changes(intent, compose_containers("shop", (await self.seen()).values()), images)

    async def seen(self) -> Seen:
        found = [await self.engine.inspect(line.id) for line in await self.engine.list_containers()]
        return {one.name: one for one in found}

    async def does(self, *words: str) -> dict[str, str]:
        """`web#2` → what becomes of it, of all that do not stay as they are."""
        foreseen, before = await self.foreseen(*words), await self.seen()
        assert all(change.sure for change in foreseen)
        self.lab.compose(self.directory, *words)
        happened = happenings(before, await self.seen())
        told = {f"shop-{change.service.name}-{change.service.number}": change for change in foreseen}
        expected = {name: change.action for name, change in told.items()}
        assert happened == expected, "\n".join(map(str, foreseen))
        return {change.service.label: change.action for change in foreseen if change.touches}


def happenings(before: Seen, after: Seen) -> dict[str, Action]:
    found: dict[str, Action] = {}
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            found[name] = Action.CREATE if was is None else Action.REMOVE
        elif was.id != now.id:
            found[name] = Action.RECREATE
        elif was.running != now.running:
            found[name] = Action.START if now.running else Action.STOP
        else:
            found[name] = Action.KEEP if was.started_at == now.started_at else Action.RESTART
    return found


@pytest.fixture
async def project(clean_engine: LabEngine, tmp_path: Path) -> AsyncIterator[Project]:
    engine = DockerEngine(EngineSettings(host=clean_engine.host, timeout=30.0))
    yield Project(clean_engine, engine, tmp_path)
    await engine.close()


DEPENDS = "depends_on: {db: {condition: service_started, restart: true}}"


async def test_edited_files_and_flags(project: Project) -> None:
    (project.directory / "web.env").write_text("COLOUR=red\n")
    db, web, job = "environment: {A: b}", f"env_file: web.env, scale: 2, {DEPENDS}", "profiles: [jobs]"

    project.write(db=db, web=web, job=job)
    assert await project.does("up", "-d") == {"db": "create", "web": "create", "web#2": "create"}
    assert await project.does("up", "-d") == {}
    (project.directory / "web.env").write_text("COLOUR=blue\n")
    assert await project.does("up", "-d") == {"web": "recreate", "web#2": "recreate"}
    project.write(db="environment: {A: $$c <é>}", web=web, job=job)
    assert await project.does("up", "-d") == {"db": "recreate", "web": "restart", "web#2": "restart"}
    project.write(db=db, web=web.replace("restart: true", "restart: false"), cache="networks: [default]", job=job)
    assert await project.does("up", "-d", "web") == {"db": "recreate"}
    assert await project.does("up", "-d") == {"cache": "create"}
    assert await project.does("up", "-d", "job") == {"job": "create"}
    project.write(db=db, web=web, job=job)
    assert await project.does("up", "-d") == {}
    assert await project.does("up", "-d", "--remove-orphans") == {"cache": "remove"}
    assert await project.does("up", "-d", "--no-recreate", "--scale", "web=1") == {"web#2": "remove"}
    assert await project.does("stop", "web") == {"web": "stop"}
    assert await project.does("rm", "-f") == {"web": "remove"}
    project.write(db=db, web=web.replace("scale: 2", "scale: 3"))
    assert await project.does("up", "-d", "--no-deps", "web") == {"web": "create", "web#2": "create", "web#3": "create"}
    # of containers that are all obsolete Compose keeps the newest, whatever their numbers
    remaining = await project.does("up", "-d", "--force-recreate", "--scale=web=1")
    assert sorted(remaining.values()) == ["recreate", "recreate", "remove", "remove"]
    assert await project.does("down") == {"db": "remove", one_left(remaining): "remove"}
    assert await project.does("down", "--remove-orphans") == {"job": "remove"}


def one_left(remaining: Mapping[str, str]) -> str:
    (name,) = (name for name, action in remaining.items() if action == "recreate" and name != "db")
    return name


async def test_other_verbs_and_an_image_that_moved(project: Project) -> None:
    project.lab.image("shop:lab", marker="one")
    db, web = "environment: {A: b}", "image: 'shop:lab', " + DEPENDS
    project.write(db=db, web=web, lone="network_mode: bridge")
    assert await project.does("create", "--scale", "web=2") == {
        "db": "create",
        "lone": "create",
        "web": "create",
        "web#2": "create",
    }
    assert await project.does("start", "web") == {"db": "start", "web": "start", "web#2": "start"}
    assert await project.does("restart", "db") == {"db": "restart", "web": "restart", "web#2": "restart"}
    assert await project.does("restart", "--no-deps", "db") == {"db": "restart"}
    project.lab.image("shop:lab", marker="two")
    assert await project.does("scale", "web=2") == {"web": "recreate", "web#2": "recreate"}
    assert await project.does("kill", "web") == {"web": "stop", "web#2": "stop"}
    project.write(db="environment: {A: c}", web=web, lone="network_mode: bridge")
    assert await project.does("create", "--scale=web=2") == {"db": "recreate"}
    assert await project.does("run", "--rm", "-T", "web", "true") == {"db": "start"}
    assert await project.does("down", "db") == {"db": "remove"}
    assert await project.does("rm", "-fs", "web") == {"web": "remove", "web#2": "remove"}
    assert await project.does("up", "-d", "lone") == {"lone": "start"}
    assert await project.does("-p", "shop", "stop") == {"lone": "stop"}
    assert await project.does("-p", "shop", "down") == {"lone": "remove"}


async def test_what_lives_in_another_container_goes_with_it(project: Project) -> None:
    sidecars = {"net": "network_mode: 'service:db', pid: 'service:db'", "data": "volumes_from: ['db:ro']"}
    project.write(db="", **sidecars)
    assert await project.does("up", "-d") == {"db": "create", "data": "create", "net": "create"}
    assert await project.does("up", "-d") == {}
    project.lab.image("shop:lab")
    project.write(db="image: 'shop:lab'", **sidecars)
    assert await project.does("up", "-d") == {"db": "recreate", "data": "recreate", "net": "recreate"}
    project.write(db="image: 'shop:lab'", **(sidecars | {"net": "network_mode: 'service:db'"}))
    assert await project.does("up", "-d") == {"net": "recreate"}


async def test_a_file_that_is_wrong_is_told_by_what_compose_says(project: Project) -> None:
    (project.directory / "compose.yaml").write_text("services: {web: {imag: x}}")
    with pytest.raises(WatchdogError) as wrong:
        await project.foreseen("up")
    assert str(wrong.value) == (
        f"Docker Compose cannot read the project in {project.directory}: validating {project.directory}/compose.yaml:"
        " services.web additional properties 'imag' not allowed; mend that and try again"
    )
