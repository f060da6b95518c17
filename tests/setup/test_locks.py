"""What is installed is what was tested: the lock files, and what the set-up makes of them."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
# A requirement with its hashes, whole: nothing else stands in a lock file, so neither an address nor a path does.
ENTRY: Final = re.compile(
    r"^([a-z0-9-]+)==(\S+)( ; [^\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
SMALL: Final = "editables"


def entries(lock: str) -> list[re.Match[str]]:
    return list(ENTRY.finditer((LOCKS / f"{lock}.txt").read_text()))


@pytest.mark.parametrize("lock", ["run", "sql", "dev", "build", "compose"])
def test_a_lock_holds_versions_with_hashes_and_nothing_else(lock: str) -> None:
    rest = ENTRY.sub("", (LOCKS / f"{lock}.txt").read_text())
    assert entries(lock)
    assert rest == ("" if lock == "compose" else "--only-binary :all:\n\n")


@pytest.mark.parametrize("lock", ["run", "sql", "build"])
def test_what_is_installed_without_tests_was_tested(lock: str) -> None:
    assert {entry[0] for entry in entries(lock)} <= {entry[0] for entry in entries("dev")}


def test_locks_are_within_the_ranges_of_the_project() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run: list[str] = project["project"]["dependencies"]
    sql: list[str] = project["project"]["optional-dependencies"]["sql"]
    groups: dict[str, list[str | dict[str, str]]] = project["dependency-groups"]
    build, dev, compose = (
        [one for one in groups[name] if isinstance(one, str)] for name in ("build", "dev", "compose")
    )
    asked = {
        "run": run,
        "sql": run + sql,
        "build": build + project["build-system"]["requires"],
        "dev": run + sql + build + dev,
        "compose": compose,
    }
    for lock, requirements in asked.items():
        locked = {entry[1]: entry[2] for entry in entries(lock)}
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), f"{lock}: {requirement}"


def test_only_the_newest_environment_is_installed_without_hashes() -> None:
    files = [ROOT / "Makefile", ROOT / "deploy" / "compose" / "Dockerfile", *(ROOT / "scripts").glob("*.sh")]
    text = "\n".join(file.read_text().replace("\\\n", " ") for file in files)
    installing = re.findall(r"^.*(?:pip|PIP)\b.* (?:install|download|wheel) .*$", text, re.MULTILINE)
    unlocked = [line for line in installing if "--require-hashes" not in line and "--no-deps" not in line]
    assert len(installing) >= 8
    assert [line.strip() for line in unlocked] == [
        "$(PIP) --python $(NEWEST)/bin/python install --editable '.[sql]' --group dev"
    ]


def offered(directory: Path) -> dict[str, str]:
    """An environment in which pip finds one file: a package of a locked name and version with another content."""
    version = next(entry[2] for entry in entries("build") if entry[1] == SMALL)
    about = f"{SMALL}-{version}.dist-info"
    with zipfile.ZipFile(directory / f"{SMALL}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {SMALL}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    return {**inherited, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(directory)}


def set_up(directory: Path, lock: str) -> subprocess.CompletedProcess[str]:
    """`make env` in `directory`, with `lock` as what builds and as what runs."""
    for name in ("build", "run"):
        (directory / f"{name}.txt").write_text(lock)
    command = ["make", "env", f"VENV={directory / 'venv'}", f"LOCKS={directory}"]
    return subprocess.run(command, cwd=ROOT, env=offered(directory), capture_output=True, text=True, check=False)


def test_a_wrong_hash_fails_the_set_up(tmp_path: Path) -> None:
    entry = next(entry[0] for entry in entries("build") if entry[1] == SMALL)
    done = set_up(tmp_path, entry)
    assert done.returncode == 2
    assert "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in done.stderr
    assert not list(tmp_path.glob(f"venv/lib/*/site-packages/{SMALL}*"))


def test_a_missing_hash_fails_the_set_up(tmp_path: Path) -> None:
    version = next(entry[2] for entry in entries("build") if entry[1] == SMALL)
    done = set_up(tmp_path, f"{SMALL}=={version}\n")
    assert done.returncode == 2
    assert "Hashes are required in --require-hashes mode" in done.stderr
    assert not list(tmp_path.glob(f"venv/lib/*/site-packages/{SMALL}*"))


def test_with_its_own_hash_the_same_file_is_installed(tmp_path: Path) -> None:
    offered(tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    set_up(tmp_path, f"{SMALL}=={wheel.name.split('-')[1]} --hash=sha256:{digest}\n")
    assert list(tmp_path.glob(f"venv/lib/*/site-packages/{SMALL}*"))


def test_differences_between_what_is_installed_and_a_lock_are_listed(tmp_path: Path) -> None:
    packaging = next(entry for entry in entries("dev") if entry[1] == "packaging")
    lock = (LOCKS / "dev.txt").read_text().replace(f"packaging=={packaging[2]} ", "packaging==0.1 ")
    (tmp_path / "dev.txt").write_text(lock.replace("pluggy==", "pluggy-like==") + "colorama==1 ; sys_platform == 'x'\n")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.compare_lock", str(tmp_path / "dev.txt")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    names = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert {"packaging", "pluggy", "pluggy-like"} <= set(names)
    assert not {"colorama", "infra-watchdog"} & set(names)
