"""Alerts as files, that are always there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.scene import running
from tests.support.alert_values import alert
from tests.support.eventually import eventually
from watchdog.alerts import files as alert_files
from watchdog.model.record import Severity
from watchdog.model.settings import AlertSettings


def read_critical(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "critical-failures.json").read_text())


async def test_a_critical_alert_is_open_until_it_is_resolved(tmp_path: Path) -> None:
    async with running(AlertSettings(), tmp_path) as scene:
        await scene.tell(alert(1), alert(2, Severity.WARNING))
        await eventually(lambda: scene.counts.sent["files"] == 2)
        assert [one["key"] for one in read_critical(scene.files)["open"]] == ["incident-1"]
        await scene.tell(alert(1, resolved=True))
        await eventually(lambda: scene.counts.sent["files"] == 3)
    critical = read_critical(scene.files)
    assert critical["open"] == []
    assert [one["state"] for one in critical["recent"]] == ["firing", "resolved"]
    lines = [json.loads(line) for line in (scene.files / "alerts.jsonl").read_text().splitlines()]
    assert [line["key"] for line in lines] == ["incident-1", "incident-2", "incident-1"]
    assert {path.stat().st_mode & 0o777 for path in scene.files.iterdir()} == {0o600}


async def test_what_is_critical_stays_open_over_a_restart(tmp_path: Path) -> None:
    for number in (1, 2):
        async with running(AlertSettings(), tmp_path) as scene:
            await scene.tell(alert(number))
            await eventually(lambda scene=scene: scene.counts.sent["files"] == 1)
    assert [one["key"] for one in read_critical(tmp_path / "alerts")["open"]] == ["incident-1", "incident-2"]


@pytest.mark.parametrize("damaged", ["{", "[]", '{"open": 3}', '{"open": [{}], "recent": []}', '{"open": []}'])
async def test_a_damaged_file_is_written_anew(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "critical-failures.json").write_text(damaged)
    async with running(AlertSettings(), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["files"] == 1)
    assert len(read_critical(scene.files)["open"]) == 1


async def test_the_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_files, "ROTATE_AT", 4000)
    async with running(AlertSettings(), tmp_path) as scene:
        await scene.tell(*(alert(number) for number in range(150)))
        await eventually(lambda: scene.counts.sent["files"] == 150, 30)
    assert len(read_critical(scene.files)["recent"]) == 100
    sizes = {path.name: path.stat().st_size for path in scene.files.iterdir()}
    assert set(sizes) == {"alerts.jsonl", "alerts.jsonl.1", "critical-failures.json"}
    assert max(size for name, size in sizes.items() if name.startswith("alerts")) <= 4000


async def test_files_that_cannot_be_written_are_tried_again(tmp_path: Path) -> None:
    (tmp_path / "alerts").write_text("in the way")
    async with running(AlertSettings(), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.failed["files"] > 0)
        (tmp_path / "alerts").unlink()
        await eventually(lambda: scene.counts.sent["files"] == 1)
    assert len(read_critical(scene.files)["open"]) == 1
