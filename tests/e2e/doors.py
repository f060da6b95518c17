"""Doors that users have; each answer is held against its schema and against the raw engine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine
from tests.lab.oracle import Truth
from tests.lab.watch import Ran
from tests.support.status_schema import STRICT

RESULT = {**STRICT["$defs"]["result"], "$defs": STRICT["$defs"]}
EXIT_CODE = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


def compose_labels(project: str, service: str) -> tuple[str, ...]:
    """Options of `docker run` that make a container a service of a Compose project."""
    labels = {"project": project, "service": service, "container-number": "1", "oneoff": "False"}
    return tuple(part for key, value in labels.items() for part in ("--label", f"com.docker.compose.{key}={value}"))


def check(scene: Scene, *arguments: str) -> Ran:
    """`watchdog check --json`: valid by the schema, true by the raw engine, its exit code that of its status."""
    before = scene.oracle.truths()
    ran = scene.daemon.cli("check", "--json", *arguments)
    after = scene.oracle.truths()
    jsonschema.validate(ran.json, STRICT)
    assert ran.code == EXIT_CODE[ran.json["status"]], ran
    assert ran.err == ""
    if ran.json["engine_up"]:
        wrong = [one for one in ran.json["services"] if not _allowed(one, before) and not _allowed(one, after)]
        assert not wrong, wrong
        scene.oracle.comparisons += 1
    return ran


def _allowed(service: Any, truths: dict[str, Truth]) -> bool:
    return truths.get(name_of(service), Truth(None)).allows(service["health"])


def name_of(service: Any) -> str:
    return f"{service['project']}/{service['name']}" if service["project"] else str(service["name"])


def healths(ran: Ran) -> dict[str, str]:
    return {name_of(service): service["health"] for service in ran.json["services"]}


def recover(scene: Scene, *arguments: str) -> tuple[int, list[Any]]:
    """`watchdog recover --json`: exit code and results, valid by the schema and compared with the engine."""
    ran = scene.daemon.cli("recover", "--json", *arguments)
    results = [json.loads(line) for line in ran.out.splitlines()]
    for result in results:
        jsonschema.validate(result, RESULT)
        scene.oracle.recovered(result)
    good = all(result["outcome"] in {"recovered", "healthy"} for result in results)
    assert ran.code == (0 if good else 1), ran
    assert not scene.oracle.disagreements, scene.oracle.disagreements
    return ran.code, results


def one_sentence(ran: Ran, code: int) -> str:
    """What a command that was refused says: its exit code, nothing on stdout, one sentence on stderr."""
    assert (ran.code, ran.out) == (code, ""), ran
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    assert "this is a bug" not in ran.err
    assert len(lines[0]) < 600
    return lines[0]


def remembered(scene: Scene, *services: str, config: str = "") -> None:
    """The ledger knows these services as proven, and no daemon runs any more."""
    scene.start(*services, more=config)
    scene.verdict()
    assert scene.daemon.stop() == 0


def touched(engine: LabEngine, since: str, until: str) -> list[str]:
    """What changed in the engine in between, whatever its type; looks of probes aside."""
    answer = engine.api("GET", "/events", query={"since": since, "until": until})
    events = [json.loads(line) for line in answer.body.splitlines()]
    return [f"{one['Type']} {one['Action']}" for one in events if not one["Action"].startswith("exec_")]


def fingerprint(state: Path) -> dict[str, tuple[int, str]]:
    """Every file beneath, with its modification time and digest: whoever writes there changes this.

    SQLite's own scratch for its readers is left out, as long as it holds no row.
    """
    files = [path for path in sorted(state.rglob("*")) if path.is_file() and not _scratch(path)]
    return {path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


def _scratch(path: Path) -> bool:
    return path.name.endswith("-shm") or (path.name.endswith("-wal") and path.stat().st_size == 0)
