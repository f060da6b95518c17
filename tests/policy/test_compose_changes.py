"""What Docker Compose would do, as a table; tests/fidelity/test_compose_changes.py holds it to what Compose does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from watchdog.model.compose_intent import Action, ComposeContainer, ComposeIntent, ComposeService
from watchdog.model.container import Container, ContainerState
from watchdog.policy.compose_changes import FORESEEN, changes, compose_containers
from watchdog.policy.compose_hash import config_hash, settled


def container(name: str, *, of: str = "same", running: bool = True, at: float = 0.0, **more: Any) -> ComposeContainer:
    """`web` or `web#2`."""
    service, _, number = name.partition("#")
    return ComposeContainer(
        id=f"id of {name}",
        name=f"shop-{service}-{number or 1}",
        service=service,
        number=int(number or 1),
        config_hash=of,
        running=running,
        created_at=at,
        **more,
    )


def service(*, config: str = "same", needs: Mapping[str, bool] | None = None, **more: Any) -> ComposeService:
    return ComposeService(config_hash=config, depends_on=needs or {}, **more)


def intent(verb: str = "up", known: tuple[str, ...] = (), /, **more: Any) -> ComposeIntent:
    services = more.pop("services", {"web": service()})
    return ComposeIntent(project="shop", verb=verb, services=services, known=frozenset({*services, *known}), **more)


def told(asked: ComposeIntent, *containers: ComposeContainer, images: Mapping[str, str] | None = None) -> list[str]:
    return [
        f"{change}{'' if change.sure else ' (not sure)'}"
        for change in changes(asked, containers, images or {})
        if change.touches
    ]


def test_what_is_missing_is_made_and_what_is_as_it_should_be_stays() -> None:
    assert told(intent()) == ["create shop/web: it has no container"]
    assert told(intent(), container("web")) == []
    (kept,) = changes(intent(), [container("web")])
    assert str(kept) == "keep shop/web: it is as the Compose files say"


def test_what_differs_is_made_anew() -> None:
    differs = container("web", of="other")
    assert told(intent(), differs) == ["recreate shop/web: its configuration differs"]
    assert told(intent(no_recreate=True), differs) == []
    assert told(intent(force_recreate=True), container("web")) == [
        "recreate shop/web: the command asks for new containers"
    ]


def test_an_image_that_is_another_one_by_now_counts() -> None:
    asked = intent(services={"web": service(image="shop:1")})
    old = container("web", image_id="sha256:old")
    assert told(asked, old, images={"shop:1": "sha256:new"}) == ["recreate shop/web: its image is another one"]
    assert told(asked, old, images={"shop:1": "sha256:old"}) == []
    assert told(asked, old, images={}) == []


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (
            service(image_renewed=True),
            "its image is built or pulled first, and it is made anew if that gives another one",
        ),
        (service(config=""), "whether its configuration differs cannot be told with this version of Compose"),
    ],
)
def test_what_cannot_be_told_is_said_and_counts_as_touched(there: ComposeService, why: str) -> None:
    asked = intent(services={"web": there})
    assert told(asked, container("web")) == [f"keep shop/web: {why} (not sure)"]
    assert told(asked, container("web", running=False)) == [f"start shop/web: {why} (not sure)"]
    assert told(replace(asked, no_recreate=True), container("web")) == []


def test_what_does_not_run_is_started_but_not_by_create() -> None:
    stopped = container("web", running=False)
    assert told(intent(), stopped) == ["start shop/web: it does not run"]
    assert told(intent(no_start=True), stopped) == []
    assert told(intent("create"), stopped) == []


def test_more_get_the_next_numbers_and_fewer_lose_the_highest() -> None:
    three = [container("web"), container("web#3"), container("web#4")]
    assert told(intent(scale={"web": 5}), *three) == [
        "create shop/web#5: there are 3 of the 5 that are wanted",
        "create shop/web#6: there are 3 of the 5 that are wanted",
    ]
    assert told(intent(), *three) == ["remove shop/web#3: 1 is wanted", "remove shop/web#4: 1 is wanted"]
    assert told(intent("scale", scale={"web": 2}, named=("web",)), *three) == ["remove shop/web#4: 2 are wanted"]


def test_obsolete_ones_go_first_and_of_them_the_oldest() -> None:
    there = [container("web", of="old", at=9.0), container("web#2", of="old", at=8.0), container("web#3", at=7.0)]
    assert told(intent(scale={"web": 2}), *there) == [
        "recreate shop/web: its configuration differs",
        "remove shop/web#2: 2 are wanted",
    ]


def test_which_of_many_obsolete_ones_go_cannot_be_told() -> None:
    many = [container(f"web#{n}", of="old", at=float(n)) for n in range(1, 14)]
    found = told(intent(scale={"web": 12}), *many)
    assert found[0] == "remove shop/web: 12 are wanted (not sure)"
    current = [replace(one, config_hash="same") for one in many]
    assert told(intent(scale={"web": 12}), *current) == ["remove shop/web#13: 12 are wanted"]


DB_CHANGED = {"db": service(config="new"), "web": service(needs={"db": True}), "api": service(needs={"db": False})}


def test_a_dependent_is_made_anew_by_nothing_and_restarted_where_the_files_say_so() -> None:
    there = container("db"), container("web"), container("api")
    assert told(intent(services=DB_CHANGED), *there) == [
        "recreate shop/db: its configuration differs",
        "restart shop/web: it depends on db, which is made anew, and is restarted with it",
    ]
    assert told(intent("create", services=DB_CHANGED), *there)[1:] == [
        "stop shop/web: it depends on db, which is made anew, and is only stopped with it"
    ]
    assert told(intent(services=DB_CHANGED), container("web"), container("api"))[0].startswith("create shop/db")
    stopped = container("db"), container("web", running=False)
    assert "start shop/web: it does not run" in told(intent(services=DB_CHANGED), *stopped)
    assert [change.action for change in changes(intent("create", services=DB_CHANGED), stopped)] == [
        Action.CREATE,
        Action.RECREATE,
        Action.KEEP,
    ]


def test_flags_mean_the_services_that_are_named_and_others_are_needed() -> None:
    there = container("db"), container("web"), container("cache")
    services = {"db": service(), "web": service(needs={"db": False, "elsewhere": False})}
    asked = intent("up", ("cache",), services=services, named=("web",))
    assert told(replace(asked, force_recreate=True), *there) == [
        "recreate shop/web: the command asks for new containers"
    ]
    assert told(replace(asked, recreate_dependencies=True), *there) == [
        "recreate shop/db: the command asks for new containers"
    ]
    assert told(replace(asked, no_dependencies=True), container("cache")) == ["create shop/web: it has no container"]
    everything = {change.service.name: change.because for change in changes(asked, there)}
    assert everything["cache"] == "the command is not about it"


def test_run_brings_up_only_what_its_service_needs() -> None:
    services = {"db": service(), "web": service(needs={"db": False})}
    asked = intent("run", services=services, named=("web",))
    assert told(asked) == ["create shop/db: it has no container"]
    assert told(replace(asked, no_dependencies=True)) == []


def test_orphans_go_only_where_that_is_asked_for() -> None:
    there = container("web"), container("old"), container("idle")
    asked = intent("up", ("idle",))
    why = {change.service.name: change.because for change in changes(asked, there)}
    assert why["old"] == "the Compose files have no such service, and without --remove-orphans it is left alone"
    assert told(asked, *there) == []
    gone = ["remove shop/old: the Compose files have no such service, and --remove-orphans is given"]
    assert told(replace(asked, remove_orphans=True), *there) == gone
    assert told(intent("down", ("idle",), remove_orphans=True), *there) == [*gone, "remove shop/web: `down` removes it"]
    killed = intent("kill", ("idle", "web"), services={}, remove_orphans=True)
    assert told(killed, *there)[0].startswith("stop shop/old")
    assert told(killed, container("old", running=False)) == []


def test_without_files_there_are_no_orphans() -> None:
    asked = ComposeIntent(project="shop", verb="down", by_containers=True, named=("web",), remove_orphans=True)
    assert told(asked, container("web"), container("db")) == ["remove shop/web: `down` removes it"]
    stopped = container("web", running=False), container("db", running=False)
    assert told(replace(asked, verb="start"), *stopped) == ["start shop/web: `start` starts it"]


def sidecar(**configuration: Any) -> dict[str, ComposeService]:
    return {
        "db": service(),
        "side": service(config="compose's own", needs={"db": True}, configuration=configuration),
    }


def test_what_lives_in_another_container_is_made_anew_with_it() -> None:
    shares = {"network_mode": "service:db"}
    services = sidecar(**shares)
    side = container("side", of=config_hash(settled(shares, {"db": "id of db"})))
    assert told(intent(services=services), container("db"), side) == []
    anew = "recreate shop/side: it lives with the container of db, which is a new one"
    assert told(intent(services=services), container("db", of="old"), side)[1] == anew
    assert told(intent(services=services), side)[1] == anew
    other = replace(container("db"), id="other")
    assert told(intent(services=services), other, side) == ["recreate shop/side: its configuration differs"]
    alone = intent("up", ("db",), services={"side": services["side"]}, named=("side",))
    assert told(alone, container("db"), side) == []
    assert told(alone, other, side) == ["recreate shop/side: its configuration differs"]


def test_of_several_containers_it_is_the_first_by_name_that_stays() -> None:
    shares = {"network_mode": "service:db"}
    services = sidecar(**shares) | {"db": service(replicas=2)}
    side = container("side", of=config_hash(settled(shares, {"db": "z"})))
    there = container("db", of="old"), replace(container("db#2"), id="z"), replace(container("db#3"), id="y")
    assert told(intent(services=services), *there, side) == ["remove shop/db: 2 are wanted"]
    assert told(intent(services=services), *there[:2], side) == [
        "recreate shop/db: its configuration differs",
        "recreate shop/side: it lives with the container of db, which is a new one",
    ]


@pytest.mark.parametrize(
    ("verb", "runs", "does_not"),
    [
        ("down", "remove shop/web: `down` removes it", "remove shop/web: `down` removes it"),
        ("stop", "stop shop/web: `stop` ends it", ""),
        ("kill", "stop shop/web: `kill` ends it", ""),
        ("rm", "", "remove shop/web: `rm` removes it"),
        ("start", "", "start shop/web: `start` starts it"),
        ("restart", "restart shop/web: `restart` restarts it", "restart shop/web: `restart` restarts it"),
    ],
)
def test_verbs_that_make_no_container(verb: str, runs: str, does_not: str) -> None:
    assert "".join(told(intent(verb), container("web"))) == runs
    assert "".join(told(intent(verb), container("web", running=False))) == does_not
    assert told(intent(verb, ("web",), services={"db": service()}, named=("db",)), container("web")) == []
    by_name = ComposeIntent(project="shop", verb=verb, by_containers=True)
    assert "".join(told(by_name, container("web"))) == runs


def test_rm_may_stop_first() -> None:
    assert told(intent("rm", stop_first=True), container("web")) == ["remove shop/web: `rm` removes it"]


def test_start_starts_what_is_needed_and_restart_restarts_what_is_to_follow() -> None:
    services = {
        "db": service(),
        "api": service(needs={"db": True}),
        "web": service(needs={"api": True, "db": False}),
        "job": service(needs={"db": False}),
    }
    there = [container(name) for name in services]
    restarted = intent("restart", services=services, named=("db",))
    assert [change.split(":")[0] for change in told(restarted, *there)] == [
        "restart shop/api",
        "restart shop/db",
        "restart shop/web",
    ]
    assert len(told(replace(restarted, no_dependencies=True), *there)) == 1
    stopped = [replace(one, running=False) for one in there]
    assert len(told(intent("start", services=services, named=("web",)), *stopped)) == 4


@pytest.mark.parametrize("asked", [intent("pull"), intent("pause"), intent(dry_run=True)])
def test_of_some_commands_nothing_is_foreseen(asked: ComposeIntent) -> None:
    assert changes(asked, [container("web", of="other")]) == ()
    assert asked.dry_run or asked.verb not in FORESEEN


def test_containers_of_run_are_no_services() -> None:
    assert changes(intent("down"), [container("web", oneoff=True)]) == ()


def engines(**labels: str) -> Container:
    labels = {f"com.docker.compose.{label.replace('_', '-')}": value for label, value in labels.items()}
    return Container(
        id="1", name="n", image="i", image_id="x", state=ContainerState.EXITED, created_at=7.0, labels=labels
    )


def test_containers_of_the_project_are_known_by_their_labels() -> None:
    whole = {"project": "shop", "service": "web", "container_number": "2", "config_hash": "h", "image": "sha256:i"}
    (found,) = compose_containers("shop", [engines(**whole), engines(**whole | {"project": "other"})])
    assert found == ComposeContainer(
        id="1",
        name="n",
        service="web",
        number=2,
        config_hash="h",
        image_id="sha256:i",
        running=False,
        created_at=7.0,
    )
    (run,) = compose_containers("shop", [engines(**whole, oneoff="True")])
    assert run.oneoff
    for wrong in ({"container_number": "two"}, {"container_number": "²"}):
        assert compose_containers("shop", [engines(**whole | wrong)]) == ()
    for label in ("config_hash", "service", "container_number"):
        assert compose_containers("shop", [engines(**{k: v for k, v in whole.items() if k != label})]) == ()


def test_only_actions_that_change_something_touch() -> None:
    assert {change.action for change in changes(intent(), [container("web")])} == {Action.KEEP}
