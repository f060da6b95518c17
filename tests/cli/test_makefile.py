from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"^make (\S+)", listed, re.MULTILINE) == targets


def test_demonstrations_and_measurements_that_targets_run_are_there() -> None:
    recipes = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    run = {target: re.findall(r"-m ((?:scripts|bench)\.\w+)", recipe) for target, recipe in recipes}
    assert (run["demo-deploy"], run["bench-deploy"]) == (["scripts.demo_deploy"], ["bench.deploy"])
    missing = [
        one for modules in run.values() for one in modules if not (ROOT / f"{one.replace('.', '/')}.py").is_file()
    ]
    assert not missing


def test_an_engine_that_is_named_is_never_replaced() -> None:
    done = _ensure_engine({**os.environ, "DOCKER_HOST": "tcp://192.0.2.1:2375"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "DOCKER_HOST is set: the engine at tcp://192.0.2.1:2375 is used.\n"


def test_packages_that_are_there_are_not_installed_again() -> None:
    done = subprocess.run(
        ["scripts/ensure-packages.sh", "bash", "coreutils"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _ensure_engine(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/ensure-engine.sh"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
