"""An independent oracle: what the engine's raw socket says, compared with everything that the daemon publishes.

It shares no code with the product but the walk along the ledger's chain, which has tests of its own. A disagreement
that lasts longer than `PATIENCE` is one too many: between the engine and any observer there are milliseconds in which
both are right.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.lab.engine import LabEngine
from tests.lab.watch import LabDaemon
from watchdog.ledger import LedgerReader

PATIENCE = 3.0
BAD = {"unhealthy", "missing"}
_SWARM = "com.docker.swarm.service.id"
_SWAP = re.compile(r"[a-f0-9]{12}_.+|.+\.watchdog-(new|old)-[0-9a-z]+")


@dataclass(slots=True)
class Truth:
    """What a service is by the raw engine: its inspect object, None when there is no container."""

    container: Any | None

    def allows(self, health: str) -> bool:
        """Whether a published health can be true."""
        if self.container is None:
            return health == "missing"
        state = self.container["State"]
        probed: dict[str, str] = state.get("Health") or {}
        healthcheck = probed.get("Status", "none")
        match state["Status"]:
            case "running":
                return (
                    health
                    in {
                        "none": {"healthy", "starting", "degraded", "unhealthy"},
                        "healthy": {"healthy", "starting", "degraded", "unhealthy"},
                        "starting": {"starting"},
                        "unhealthy": {"unhealthy"},
                    }[healthcheck]
                )
            case "paused":
                return health == "paused"
            case "exited" if state["ExitCode"] == 0:
                return health in {"done", "unhealthy", "paused"}
            case "exited" | "dead" | "restarting" | "created":
                return health in {"unhealthy", "paused"}
            case _:
                return health in BAD


@dataclass(slots=True)
class Oracle:
    """Compares; `disagreements` are sentences, printed and counted at the end of every engine test."""

    engine: LabEngine
    daemon: LabDaemon
    comparisons: int = 0
    disagreements: list[str] = field(default_factory=list[str])
    left_out: set[str] = field(default_factory=set[str])
    strangers: set[str] = field(default_factory=set[str])
    """Containers, by name, that bear a service's labels and are not it."""
    """Services that the test's configuration excludes: no output may mention them."""

    def truths(self) -> dict[str, Truth]:
        """Service as `project/name` or name → what it is."""
        found: dict[str, Truth] = {}
        for line in self.engine.containers():
            name: str = line["Names"][0].removeprefix("/")
            labels: dict[str, str] = line["Labels"] or {}
            if (
                name in self.strangers
                or _SWAP.fullmatch(name)
                or labels.get("com.docker.compose.oneoff") == "True"
                or _SWARM in labels
            ):
                continue
            answer = self.engine.api("GET", f"/containers/{line['Id']}/json")
            if answer.status != 200 or answer.json["HostConfig"]["AutoRemove"]:
                continue
            project, service = labels.get("com.docker.compose.project"), labels.get("com.docker.compose.service")
            number = labels.get("com.docker.compose.container-number", "1")
            key = f"{project}/{service}" if project and service else name
            if key in self.left_out:
                continue
            found[key if number == "1" else f"{key}#{number}"] = Truth(answer.json)
        return found

    def compare(self) -> None:
        """Everything that is published agrees with the engine, within `PATIENCE`."""
        self._agree(self._differences)

    def check(self) -> None:
        """What `watchdog check` prints agrees with the engine, and its exit code with what it prints."""
        self._agree(self._check_differences)

    def _agree(self, differences: Callable[[], list[str]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while trouble := differences():
            if time.monotonic() > deadline:
                self.disagreements += trouble
                break
            time.sleep(0.05)
        self.comparisons += 1

    def verdict(self) -> None:
        """The last comparisons, the ledger's chain, and the count that must be 0."""
        self.compare()
        self.check()
        with LedgerReader.open(self.daemon.state) as ledger:
            verified = ledger.verify(None)
        if not verified.intact:
            self.disagreements.append(f"the ledger does not verify: {verified.sentence}")
        print(f"oracle: {self.comparisons} comparisons, {len(self.disagreements)} disagreements")
        assert not self.disagreements, "\n".join(self.disagreements)

    def recovered(self, result: Any) -> None:
        """A success claimed by `recover --json` is compared with the engine at once; a refusal claims nothing."""
        if result["outcome"] not in {"recovered", "healthy"}:
            return
        self.comparisons += 1
        key = f"{result['project']}/{result['name']}" if result["project"] else result["name"]
        truth = self.truths().get(key, Truth(None))
        if not truth.allows("healthy"):
            state = truth.container["State"] if truth.container else "no container"
            self.disagreements.append(f"recover calls {key} {result['outcome']}, the engine says {state}")

    def _differences(self) -> list[str]:
        published = self.daemon.status()
        if not published["engine_up"]:
            claims = [service for service in published["services"] if service["health"] != "unknown"]
            return [f"the engine is away, yet {one['name']} is called {one['health']}" for one in claims]
        truths = _under_old_names(self.truths(), published["services"])
        trouble = self._misjudged(published["services"], truths)
        trouble += self._status_and_metrics(published)
        return trouble + self._unmentioned(published, truths)

    def _check_differences(self) -> list[str]:
        ran = self.daemon.cli("check", "--json")
        report: Any = ran.json
        expected = 3
        trouble: list[str] = []
        if report["engine_up"]:
            trouble = self._misjudged(report["services"], _under_old_names(self.truths(), report["services"]))
            expected = _exit_code(report)
        if ran.code != expected:
            trouble.append(f"check ends with {ran.code} where {expected} is due: {ran.out}")
        return trouble

    @staticmethod
    def _misjudged(services: Any, truths: dict[str, Truth]) -> list[str]:
        trouble: list[str] = []
        for service in services:
            key = f"{service['project']}/{service['name']}" if service["project"] else service["name"]
            truth = truths.get(key, Truth(None))
            if not truth.allows(service["health"]):
                state = truth.container["State"] if truth.container else "no container"
                trouble.append(f"{key} is called {service['health']} ({service['reason']}), the engine says {state}")
            if service["container"] and truth.container and service["container"]["id"] != truth.container["Id"]:
                trouble.append(f"{key} is shown with container {service['container']['id'][:12]}, which it is not")
        return trouble

    def _status_and_metrics(self, published: Any) -> list[str]:
        trouble: list[str] = []
        bad = [one["name"] for one in published["services"] if one["health"] in BAD]
        if bad and published["status"] != "critical":
            trouble.append(f"{bad} are bad, yet the whole is {published['status']}")
        handed_over = any(one["quarantined"] for one in published["services"])
        if not bad and published["status"] == "critical" and not (handed_over or _failing(published["endpoints"])):
            trouble.append("the whole is critical and nothing is bad")
        if bad and published["score"] > 0.5:
            trouble.append(f"{bad} are bad, yet the score is {published['score']}")
        metrics = self.daemon.metrics()
        now = {(one["project"], one["name"]): one["health"] for one in self.daemon.status()["services"]}
        for one in published["services"]:
            if now.get((one["project"], one["name"])) != one["health"]:
                continue  # it changed in between
            line = _state_line(one["project"], one["name"], one["health"])
            if not any(line.fullmatch(row) for row in metrics.splitlines()):
                trouble.append(f"no metric says that {one['name']} is {one['health']}")
        return trouble

    @staticmethod
    def _unmentioned(published: Any, truths: dict[str, Truth]) -> list[str]:
        shown = {
            f"{one['project']}/{one['name']}" if one["project"] else one["name"]
            for one in (*published["services"], *published["absence_not_judged"])
        }
        return [f"{key} is in the engine and in no output" for key in truths if key not in shown]


def _under_old_names(truths: dict[str, Truth], services: Iterable[Any]) -> dict[str, Truth]:
    """A container that was renamed, by full ID, is still its service as long as no other one bears the name."""
    by_id = {truth.container["Id"]: key for key, truth in truths.items() if truth.container}
    shown = {service["name"]: service["container"]["id"] for service in services if service["container"]}
    moved = {name: by_id[shown[name]] for name in shown if name not in truths and not _labelled(by_id, shown[name])}
    kept = {key: truth for key, truth in truths.items() if key not in moved.values()}
    return kept | {name: truths[now] for name, now in moved.items()}


def _labelled(by_id: dict[str, str], container: str) -> bool:
    return "/" in by_id.get(container, "/")


def _exit_code(report: Any) -> int:
    """By the documented rule: critical, or left to a person, wins over what cannot be judged, that over a warning."""
    healths = {service["health"] for service in report["services"]}
    verdicts = {endpoint["verdict"] for endpoint in report["endpoints"]}
    left = any(service["quarantined"] and service["health"] != "healthy" for service in report["services"])
    if healths & BAD or "fail" in verdicts or left:
        return 2
    if "unknown" in healths | verdicts:
        return 3
    return 1 if healths & {"degraded", "starting", "paused"} else 0


def _failing(endpoints: Iterable[Any]) -> bool:
    return any(endpoint["verdict"] == "fail" for endpoint in endpoints)


def _state_line(project: str, name: str, health: str) -> re.Pattern[str]:
    def label(key: str, value: str) -> str:
        return f'(?=.*{key}="{re.escape(value)}")'

    labels = label("project", project) + label("name", name) + label("watchdog_service_health", health)
    return re.compile(r"watchdog_service_health\{" + labels + r".*\} 1(\.0)?")
