"""The rule of succession, as a table: which container stands for a service, where several could."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.policy.samples import RUNNING
from watchdog.model.container import Container, ContainerState
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Desired, Revision, ServiceRecord
from watchdog.policy.succession import Predecessor, Succession, predecessor_of, standing

PROVEN = Predecessor(id="p" * 64, name="shop-web-1")
STOPPED = replace(PROVEN, stopped=True)


def bearer(name: str, *, running: bool = True, started_at: float = 500.0, id_: str | None = None) -> Container:
    return replace(
        RUNNING,
        id=id_ or name.ljust(64, "0"),
        name=name,
        state=ContainerState.RUNNING if running else ContainerState.EXITED,
        started_at=started_at,
        created_at=started_at,
    )


REAL = bearer("shop-web-1", id_=PROVEN.id)
ENDED = replace(REAL, state=ContainerState.EXITED)
ANEW = bearer("shop-web-1", started_at=2000.0)
"""Another container of the same name."""
AWAY = replace(REAL, name="shop-web-1-before")
"""The proven one, whose name somebody gave to another."""
STOPPED_AWAY = replace(AWAY, state=ContainerState.EXITED)
TWIN = replace(bearer("twin"), inherits_service=True)
"""Run from what `docker commit` made of the proven one."""
LATER = bearer("web", started_at=1001.0)
CREATED = replace(bearer("web"), state=ContainerState.CREATED, started_at=None)


@pytest.mark.parametrize(
    ("bearers", "predecessor", "chosen"),
    [
        ([REAL], PROVEN, REAL),
        ([REAL, TWIN], PROVEN, REAL),
        ([REAL, LATER], STOPPED, REAL),
        ([ENDED, TWIN], PROVEN, ENDED),
        ([ENDED, LATER], STOPPED, ENDED),
        ([AWAY, ANEW], PROVEN, AWAY),
        ([STOPPED_AWAY, ANEW], PROVEN, ANEW),
        ([STOPPED_AWAY, TWIN], PROVEN, STOPPED_AWAY),
        ([STOPPED_AWAY, replace(ANEW, inherits_service=True)], PROVEN, STOPPED_AWAY),
        ([STOPPED_AWAY, LATER], STOPPED, STOPPED_AWAY),
        ([TWIN], PROVEN, None),
        ([TWIN], STOPPED, None),
        ([LATER], PROVEN, None),
        ([LATER], STOPPED, LATER),
        ([CREATED], PROVEN, None),
        ([CREATED], STOPPED, CREATED),
        ([TWIN, LATER], STOPPED, LATER),
        ([ANEW], PROVEN, ANEW),
        ([ANEW, TWIN], PROVEN, ANEW),
        ([replace(ANEW, inherits_service=True)], PROVEN, None),
        ([], PROVEN, None),
        ([TWIN, REAL], None, TWIN),
        ([TWIN], replace(PROVEN, name=""), TWIN),
    ],
)
def test_who_stands_for_a_service(
    bearers: list[Container], predecessor: Predecessor | None, chosen: Container | None
) -> None:
    others = tuple(sorted(one.name for one in bearers if one != chosen))
    assert standing(bearers, predecessor) == standing(bearers[::-1], predecessor) == Succession(chosen, others)


def test_what_this_ledger_made_succeeds_under_any_name() -> None:
    assert standing([TWIN], PROVEN, ours={TWIN.id}).container == TWIN
    assert standing([TWIN, ENDED], PROVEN, ours={TWIN.id, PROVEN.id}).container == TWIN
    assert standing([TWIN, REAL], PROVEN, ours={TWIN.id}).container == REAL
    assert standing([STOPPED_AWAY, TWIN], PROVEN).container != TWIN


def test_an_open_deployment_may_bring_any_other() -> None:
    assert standing([REAL, LATER], PROVEN, covered=True).container == LATER
    assert standing([LATER], PROVEN, covered=True).container == LATER


def test_nobody_takes_the_place_of_what_runs_but_by_a_deployment() -> None:
    """Whatever else there is: exhaustively."""
    for others in product([False, True], repeat=4):
        bearers = [
            REAL,
            *(one for one, there in zip((TWIN, LATER, CREATED, bearer("x")), others, strict=True) if there),
        ]
        for predecessor, ours in product((PROVEN, STOPPED), ((), {TWIN.id}, {LATER.id, PROVEN.id})):
            assert standing(bearers, predecessor, ours=ours).container == REAL


@pytest.mark.parametrize("desired", Desired)
@pytest.mark.parametrize("proven", [True, False])
def test_only_what_is_protected_has_a_succession(desired: Desired, *, proven: bool) -> None:
    revision = Revision(spec_id="s", image="i", image_id="sha256:i", config_hash="c", proven_at=0.0)
    record = ServiceRecord(
        service=ServiceKey("shop", "web"),
        desired=desired,
        baselines=(revision,) if proven else (),
        container_id=PROVEN.id,
        container_name=PROVEN.name,
    )
    protected = proven and desired is Desired.UP
    assert predecessor_of(record, stopped=True) == (STOPPED if protected else None)
