"""What a command of Docker Compose is about, read from its words and by the Compose that it calls."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.cli import compose_command
from watchdog.cli.compose_command import read_intent, recognised
from watchdog.errors import WatchdogError
from watchdog.model.compose_intent import ComposeIntent

COMPOSE = str(Path(sysconfig.get_path("platlib")) / "compose" / "docker-compose")
FILE = """
name: shop
services:
  db: {image: 'db:1', environment: {SECRET: hush}, labels: {a: '<b> & $$c'}}
  web:
    build: .
    env_file: web.env
    depends_on: {db: {condition: service_started, restart: true}}
    deploy: {replicas: 2}
  side: {image: side, network_mode: 'service:db', scale: 3}
  fresh: {image: fresh, pull_policy: daily}
  job: {image: job, profiles: [jobs]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").write_text(FILE)
    (tmp_path / "web.env").write_text("COLOUR=red\n")
    return tmp_path


async def read(project: Path, *words: str, **environment: str) -> ComposeIntent:
    intent = await read_intent(
        [COMPOSE, *words], project, {"PATH": os.environ["PATH"], "HOME": str(project)} | environment
    )
    assert intent is not None
    return intent


@pytest.mark.parametrize(
    "command",
    [
        "docker compose up -d",
        "docker -H unix:///run/docker.sock --context=x -D compose -f a.yaml up",
        "docker compose",
        "docker-compose up",
        "/usr/local/bin/docker-compose down",
        "/usr/bin/docker compose down",
    ],
)
def test_calls_of_compose_are_recognised(command: str) -> None:
    assert recognised(command.split())


@pytest.mark.parametrize(
    "command",
    [
        "",
        "sudo docker compose up",
        "env A=b docker compose up",
        "docker",
        "docker run compose",
        "docker --unknown compose up",
        "docker --host",
        "make up",
        "podman compose up",
    ],
)
def test_other_commands_are_not(command: str) -> None:
    assert not recognised(command.split())


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("up -d", {}),
        ("up -dt5 web db", {"named": ("web", "db")}),
        ("up -d -t 5 --scale web=3 --scale=db=0 web", {"named": ("web",), "scale": {"web": 3, "db": 0}}),
        ("up web -V --no-deps -- db", {"named": ("web", "db"), "force_recreate": True, "no_dependencies": True}),
        ("up --force-recreate=false --remove-orphans --remove-orphans=false", {}),
        ("up --remove-orphans --always-recreate-deps", {"remove_orphans": True, "recreate_dependencies": True}),
        ("create --no-recreate --scale wrong", {"no_recreate": True}),
        ("up --no-start", {"no_start": True}),
        ("--dry-run up", {"dry_run": True}),
        ("up --dry-run", {"dry_run": True}),
        ("run -e A=b --rm web sh -c --no-deps", {"named": ("web",)}),
        ("scale web=3 db=1", {"named": ("web", "db"), "scale": {"web": 3, "db": 1}}),
        ("rm -fs web", {"named": ("web",), "stop_first": True}),
        ("restart --no-deps -t=3 web", {"named": ("web",), "no_dependencies": True}),
        ("down -v --rmi local", {"remove_volumes": True}),
        ("kill -s HUP web", {"named": ("web",)}),
    ],
)
async def test_flags_are_read_as_compose_reads_them(project: Path, words: str, wanted: Mapping[str, Any]) -> None:
    intent = await read(project, *words.split())
    verb = next(word for word in words.split() if not word.startswith("-"))
    assert intent == ComposeIntent(
        project="shop",
        verb=verb,
        services=intent.services,
        known=frozenset({"db", "web", "side", "fresh", "job"}),
        **wanted,
    )


async def test_orphans_may_be_removed_by_the_environment(project: Path) -> None:
    assert (await read(project, "up", COMPOSE_REMOVE_ORPHANS="Y")).remove_orphans
    assert not (await read(project, "create", COMPOSE_REMOVE_ORPHANS="1")).remove_orphans
    assert not (await read(project, "up", "--remove-orphans=0", COMPOSE_REMOVE_ORPHANS="1")).remove_orphans


async def test_services_are_those_that_the_command_works_on(project: Path) -> None:
    intent = await read(project, "up")
    assert {name: one.replicas for name, one in intent.services.items()} == {"db": 1, "web": 2, "side": 3, "fresh": 1}
    assert set((await read(project, "up", "web")).services) == {"web", "db"}
    assert set((await read(project, "restart", "db")).services) == {"db", "web", "side", "fresh"}
    assert "job" in (await read(project, "--profile", "jobs", "up")).services
    assert "job" in (await read(project, "up", COMPOSE_PROFILES="jobs")).services
    assert (await read(project, "-p", "other", "-f", "compose.yaml", "up")).project == "other"
    web, side = intent.services["web"], intent.services["side"]
    assert (web.image, web.depends_on) == ("shop-web", {"db": True})
    assert side.configuration["network_mode"] == "service:db"
    assert "configuration" not in repr(intent)


async def test_hashes_are_told_where_they_are_met(project: Path) -> None:
    one = (await read(project, "up")).services
    assert all(service.config_hash for service in one.values())
    (project / "web.env").write_text("COLOUR=blue\n")
    other = (await read(project, "up")).services
    assert {name for name in one if one[name] != other[name]} == {"web"}
    (project / "compose.yaml").write_text("name: shop\nservices: {web: {image: i, env_file: '${FILE:-web.env}'}}\n")
    assert (await read(project, "up")).services["web"].config_hash == ""


@pytest.mark.parametrize(
    ("words", "renewed"),
    [
        ("up", {"fresh"}),
        ("up --build", {"fresh", "web"}),
        ("up --pull always", {"db", "web", "side", "fresh"}),
        ("up --pull never", set[str]()),
        ("create --pull build --no-build", {"db", "side", "fresh"}),
        ("create --pull build", {"db", "web", "side", "fresh"}),
    ],
)
async def test_images_that_are_built_or_pulled_first_are_told(project: Path, words: str, renewed: set[str]) -> None:
    services = (await read(project, *words.split())).services
    assert {name for name, service in services.items() if service.image_renewed} == renewed


async def test_a_provider_is_no_container(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {cloud: {provider: {type: x}}, web: {image: i}}")
    assert set((await read(tmp_path, "up")).services) == {"web"}


async def test_of_other_verbs_only_the_verb_is_read(tmp_path: Path) -> None:
    assert await read(tmp_path, "pull", "--unknown", "web") == ComposeIntent(project="", verb="pull")


async def test_by_its_name_alone_a_project_is_what_has_containers(tmp_path: Path) -> None:
    intent = await read(tmp_path, "-p", "shop", "down", "--remove-orphans", "web")
    assert intent == ComposeIntent(project="shop", verb="down", by_containers=True, named=("web",), remove_orphans=True)


@pytest.mark.parametrize(
    "words", ["", "--version", "--help", "up --help", "up -h", "up --unknown", "up -dX", "up -t", "--unknown up"]
)
async def test_what_asks_for_nothing_or_cannot_be_told_is_none(tmp_path: Path, words: str) -> None:
    assert await read_intent([COMPOSE, *words.split()], tmp_path, {}) is None


async def test_the_flags_of_docker_are_those_of_the_command(project: Path) -> None:
    docker = project / "docker"
    docker.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "-H tcp://h compose" ] || exit 9\nshift 3\nexec {COMPOSE} "$@"\n')
    docker.chmod(0o755)
    intent = await read_intent([str(docker), "-H", "tcp://h", "compose", "-p", "x", "up"], project, {"HOME": "/"})
    assert intent is not None
    assert (intent.project, intent.services["db"].image) == ("x", "db:1")


async def test_what_compose_says_of_a_wrong_project_is_told(project: Path) -> None:
    with pytest.raises(WatchdogError) as wrong:
        await read(project, "up", "nosuch")
    assert str(wrong.value) == (
        f"Docker Compose cannot read the project in {project}: no such service: nosuch; mend that and try again"
    )
    (project / "compose.yaml").write_text("services: {web: {image: '${LONG:?" + "x" * 500 + "}'}}")
    with pytest.raises(WatchdogError) as wrong:
        await read(project, "up")
    assert str(wrong.value).endswith("xx…; mend that and try again")
    assert len(str(wrong.value)) < 500


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo '{'", "what it prints is no JSON"),
        ("echo level=warning >&2; exit 3", "it ended with 3"),
        ("printf 'a\\033[31mb' >&2; exit 3", "a [31mb"),
        ("exec sleep 60", "it took longer than 0.3 s"),
        ("head -c 5000000 /dev/zero", "it is larger than 4194304 bytes"),
    ],
)
async def test_a_program_that_is_not_as_expected_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    monkeypatch.setattr(compose_command, "SECONDS", 0.3 if "sleep" in script else 20.0)
    program = tmp_path / "docker-compose"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(WatchdogError) as wrong:
        await read_intent([str(program), "up"], tmp_path, {"PATH": os.environ["PATH"]})
    assert str(wrong.value) == f"Docker Compose cannot read the project in {tmp_path}: {why}; mend that and try again"


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WatchdogError, match="docker-compose cannot be run: No such file or directory"):
        await read_intent([str(tmp_path / "docker-compose"), "up"], tmp_path, {})


WORDS = st.lists(st.sampled_from(["docker", "compose", "-H", "-f", "-", "--", "--file=x", "-dH", "up", "=", "--=", ""]))


@given(WORDS)
def test_no_words_are_too_odd(words: list[str]) -> None:
    assert recognised(words) in {True, False}
