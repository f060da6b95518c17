"""Which actions wait for a person: by the file, by labels that only ever add."""

from __future__ import annotations

from tests.config.conftest import Complaints, Load
from watchdog.config.labels import resolve
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Rung
from watchdog.model.settings import Settings

DB = ServiceKey("shop", "db")


def _asked(settings: Settings, **labels: str) -> frozenset[Rung]:
    return resolve(
        settings, DB, {f"watchdog.{name}": value for name, value in labels.items()}
    ).settings.recovery.approval


def test_without_configuration_nothing_waits_for_a_person() -> None:
    assert _asked(Settings()) == frozenset()


def test_a_service_has_its_own_list_else_that_of_all(settings_of: Load) -> None:
    text = '[recovery]\napproval = ["rollback"]\napproval_expires = "2h"\n[[service]]\nname = "db"\n'
    assert _asked(settings_of(text)) == {Rung.ROLLBACK}
    assert settings_of(text).recovery.approval_expires == 7200.0
    own = text + '[service.recovery]\napproval = ["recreate", "restart"]\n'
    assert _asked(settings_of(own)) == {Rung.RECREATE, Rung.RESTART}


def test_a_label_adds_actions_and_takes_none_away(settings_of: Load) -> None:
    settings = settings_of('recovery.approval = "rollback"')
    assert _asked(settings, approval="recreate, start") == {Rung.RECREATE, Rung.START, Rung.ROLLBACK}
    assert _asked(settings, approval="") == {Rung.ROLLBACK}


def test_a_wrong_label_is_told_and_loosens_nothing(settings_of: Load) -> None:
    settings = settings_of('recovery.approval = "rollback"')
    resolved = resolve(settings, DB, {"watchdog.approval": "everything"})
    assert resolved.settings.recovery.approval == {Rung.ROLLBACK}
    (problem,) = resolved.problems
    assert problem == (
        'label "watchdog.approval" of shop/db: "everything" is no action; allowed: a list of "start", "restart", '
        '"recreate", "rollback"; the label is ignored'
    )


def test_what_docker_does_by_itself_cannot_wait(complaints: Complaints) -> None:
    (line,) = complaints('recovery.approval = ["docker"]')
    assert '"docker" is no action' in line
    (line,) = complaints("recovery.approval = [1, 2]")
    assert "1 is no action" in line
    (line,) = complaints("recovery.approval = [[]]")
    assert "a list is no action" in line
