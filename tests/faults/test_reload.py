"""Fault 34: a configuration that is wrong on reload changes nothing, and says where it is wrong."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.lab.watch import QUICK

pytestmark = pytest.mark.engine

Reload = Callable[[], tuple[int, str]]
"""Asks for a reload; an exit code, 0 when it was done, and the sentence that was said."""
STACK = "name: shop\nservices: {web: {image: 'busybox:lab'}, adminer: {image: 'busybox:lab'}}\n"
EXCLUDED = '[discovery]\nexclude = ["blog"]\n'


def _by_signal(watch: Scene) -> tuple[int, str]:
    """As `systemctl reload` does: what comes of it stands in the log."""
    before = len(watch.daemon.log.splitlines())
    os.kill(watch.daemon.pid, signal.SIGHUP)

    def said() -> list[Any]:
        lines = [json.loads(line) for line in watch.daemon.log.splitlines()[before:]]
        return [line for line in lines if "configuration" in line["event"]]

    (line,) = watch.daemon.wait(said, "nothing is said of the reload")
    return (64 if line["level"] == "error" else 0), line["event"]


def _by_request(watch: Scene) -> tuple[int, str]:
    answer = watch.daemon.request("POST", "/-/reload")
    if answer.status == 200:
        return 0, answer.json["sentence"]
    assert 400 <= answer.status < 500, answer
    return answer.json["exit_code"], answer.json["error"]


@pytest.fixture(params=[_by_signal, _by_request], ids=["SIGHUP", "POST"])
def reload(request: pytest.FixtureRequest, watch: Scene) -> Reload:
    way: Callable[[Scene], tuple[int, str]] = request.param
    return lambda: way(watch)


def _line_of(file: Path, text: str) -> int:
    (number,) = (number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line)
    return number


def _services(watch: Scene) -> list[str]:
    return [one["name"] for one in watch.daemon.status()["services"]]


WRONG = {
    "watch.interval": '[watch]\ninterval = "-5s"\n',
    "watch.intervall": '[watch]\nintervall = "5s"\n',
    "recovery.max_attempts": '[recovery]\nmax_attempts = "many"\n',
    "endpoint[shop].url": '[[endpoint]]\nname = "shop"\nurl = "gopher://shop"\n',
}
"""Key → a file in which it is wrong."""


def test_a_wrong_file_leaves_the_old_configuration_in_force_and_names_file_line_and_key(
    watch: Scene, reload: Reload
) -> None:
    container = watch.engine.run("webui")
    watch.engine.run("blog")
    watch.start("webui", "blog", config=QUICK)
    for key, wrong in WRONG.items():
        file = watch.daemon.write_config(EXCLUDED + wrong)
        line = _line_of(file, f"{key.rpartition('.')[2]} = ")
        code, sentence = reload()
        assert code == 64
        assert f"{file}:{line}: {key}: " in sentence
    watch.two_polls()
    assert _services(watch) == ["blog", "webui"], "a part of a wrong file was taken up"

    watch.engine.crash("webui")
    watch.wait_recovered("webui")
    assert watch.events(container, "start") == ["start", "start"]
    watch.daemon.write_config(QUICK)


def test_a_file_that_is_no_toml_or_is_gone_leaves_the_old_configuration_in_force(watch: Scene, reload: Reload) -> None:
    watch.engine.run("webui")
    watch.start("webui", config=QUICK)
    file = watch.daemon.write_config("[watch\n")
    line = _line_of(file, "[watch")
    code, sentence = reload()
    assert code == 64
    assert f"{file}:{line}" in sentence
    file.unlink()
    code, sentence = reload()
    assert code == 64
    assert str(file) in sentence
    watch.two_polls()
    assert watch.daemon.protected("webui")
    assert watch.daemon.incidents() == []
    watch.daemon.write_config(QUICK)


def test_every_mistake_is_named_at_once(watch: Scene, reload: Reload) -> None:
    watch.engine.run("webui")
    watch.start("webui", config=QUICK)
    file = watch.daemon.write_config('[watch]\ninterval = "soon"\n[health]\nfailures = 0\n[color]\n')
    code, sentence = reload()
    assert code == 64
    for key, text in (("watch.interval", "soon"), ("health.failures", "failures"), ("color", "color")):
        assert f"{file}:{_line_of(file, text)}: {key}: " in sentence
    watch.daemon.write_config(QUICK)


def test_a_right_file_takes_effect_without_touching_anything(watch: Scene, reload: Reload) -> None:
    containers = [watch.engine.run("webui"), watch.engine.run("blog")]
    watch.start("webui", "blog", config=QUICK)
    watch.daemon.write_config(QUICK + EXCLUDED)
    watch.oracle.left_out = {"blog"}
    assert reload() == (0, "the configuration is reloaded")
    watch.daemon.wait(lambda: _services(watch) == ["webui"], "it is still watched")
    watch.engine.docker("kill", "blog")
    watch.two_polls()
    assert _services(watch) == ["webui"]
    assert [one["name"] for one in watch.daemon.cli("check", "--json").json["services"]] == ["webui"]
    assert watch.daemon.incidents() == []

    watch.daemon.stop()
    watch.daemon.start()
    watch.two_polls()
    assert _services(watch) == ["webui"]
    assert watch.daemon.incidents() == []

    watch.daemon.write_config(QUICK)
    watch.oracle.left_out = set()
    assert reload() == (0, "the configuration is reloaded")
    watch.daemon.wait(lambda: watch.health("blog") is not None, "it is not watched again")
    assert watch.wait_recovered("blog")
    assert sorted(watch.containers()) == sorted(containers)
    assert watch.events(containers[0], "start") == ["start"]


def test_a_service_of_a_compose_file_that_is_left_out_is_not_missing(watch: Scene, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(STACK)
    watch.engine.compose(tmp_path, "up", "--detach")
    watch.oracle.left_out = {"shop/adminer"}
    watch.start("shop/web", config=QUICK + '[discovery]\nexclude = ["shop/adminer"]\n')
    watch.two_polls()
    assert _services(watch) == ["web"]
    assert watch.daemon.cli("check").code == 0
    watch.engine.docker("rm", "--force", "shop-adminer-1")
    watch.two_polls()
    assert _services(watch) == ["web"]
    assert watch.daemon.cli("check").code == 0
