"""What the ledger remembers cannot be used: one sentence says so, nothing is half done, and no attempt is burnt."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


def _edit_specs(scene: Scene, edit: Callable[[str], str]) -> None:
    with closing(sqlite3.connect(scene.daemon.state / "ledger.db")) as connection, connection:
        for spec_id, content in connection.execute("SELECT id, content FROM specs").fetchall():
            connection.execute("UPDATE specs SET content = ? WHERE id = ?", (edit(content), spec_id))


def _with_digest(change: Callable[[Any], None]) -> Callable[[str], str]:
    """An edit by somebody who knows how the content is kept."""

    def edit(content: str) -> str:
        spec = json.loads(content.partition("\n")[2])
        change(spec)
        text = json.dumps(spec)
        return f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}"

    return edit


def _by_hand(content: str) -> str:
    return content.replace("busybox", "otherbox")


def _loses_a_field(spec: Any) -> None:
    del spec["host_config"]


def _asks_for_what_no_engine_has(spec: Any) -> None:
    spec["host_config"]["RestartPolicy"] = {"Name": "sometimes"}


def _is_from_an_engine_that_knows_more(spec: Any) -> None:
    spec["api_version"] = "1.100"


def _names_no_api_version(spec: Any) -> None:
    spec["api_version"] = "new"


def _handed_over(scene: Scene) -> str:
    """The sentence with which it was handed to a person; nothing was touched."""
    scene.daemon.wait(lambda: scene.service("webui")["quarantined"], "webui is not handed over", 40.0)
    scene.two_polls()
    assert scene.containers() == []
    assert "Traceback" not in scene.daemon.log
    (alert,) = scene.sentences(scene.wait_incident("webui"), "alert")
    assert "A person is needed" in alert
    return str(alert)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (_by_hand, "its saved spec cannot be read"),
        (_by_hand, "was edited or damaged: deploy the service again"),
        (_with_digest(_loses_a_field), "its saved spec cannot be read"),
        (_with_digest(_names_no_api_version), "its saved spec cannot be read"),
        (_with_digest(_is_from_an_engine_that_knows_more), "would leave out what it does not know: deploy the service"),
    ],
)
def test_a_saved_spec_that_was_edited_or_is_from_a_newer_engine_is_not_used(
    watch: Scene, edit: Callable[[str], str], sentence: str
) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    watch.daemon.stop()
    watch.engine.docker("rm", "--force", "webui")
    _edit_specs(watch, edit)
    watch.daemon.start()
    assert sentence in _handed_over(watch)
    assert watch.intents() == []


def test_a_saved_spec_that_the_engine_refuses_is_tried_once(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    watch.daemon.stop()
    watch.engine.docker("rm", "--force", "webui")
    _edit_specs(watch, _with_digest(_asks_for_what_no_engine_has))
    watch.daemon.start()
    assert "the engine cannot make it from its saved spec: " in _handed_over(watch)
    assert len(watch.intents()) == 1


def test_a_baseline_whose_image_is_gone_is_named_and_nothing_is_tried(watch: Scene) -> None:
    image = watch.engine.image("shop/webui:1")
    watch.engine.run("webui", image="shop/webui:1")
    watch.start("webui")
    watch.daemon.stop()
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.docker("rmi", "--force", image)
    watch.daemon.start()
    said = _handed_over(watch)
    assert f"its image shop/webui:1 ({image.removeprefix('sha256:')[:12]}) is gone from the engine" in said
    assert watch.intents() == []
    watch.engine.image("shop/webui:1")
