"""One recorded day of a daemon, in virtual time: every route of its API is asked once at least."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.golden.recording import InOrder, Recording, pretty
from tests.golden.setting import DAY, SERVICES, TEXT, Answers, Taker, settings
from tests.support.alert_scene import BEGAN, HOUR, MAIL, HearingLedger, labels
from tests.support.approvals import until
from tests.support.fake_container import Behaviour
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_time import VirtualLoop
from watchdog.alerts.alertmanager import labels_of
from watchdog.alerts.message import alert_json, headline, text
from watchdog.api.deployments import deployment_routes
from watchdog.api.server import ApiServer
from watchdog.daemon.core import Daemon
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger, prepare
from watchdog.model.container import HealthcheckState
from watchdog.model.deployment import Gate
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict
from watchdog.model.record import ServiceRecord


class Scene:
    def __init__(self, loop: VirtualLoop, directory: Path, recording: Recording) -> None:
        self.loop = loop
        self.engine = FakeEngine(self.wall)
        self.recording = recording
        self._directory = directory

    def wall(self) -> float:
        return BEGAN + self.loop.time()

    async def ask(self, part: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer, parsed; a list of events where it is a stream of them."""
        answer = await self.http.request(method, path, json=body)
        kind = answer.headers["content-type"]
        said = [f"{method} {path}", *([json.dumps(body)] if body is not None else [])]
        stream = kind == "application/x-ndjson"
        lines = answer.text.splitlines() if stream else [answer.text]
        shown = lines if kind == TEXT else [pretty(line) for line in lines]
        self.recording.note(part, *said, f"{answer.status_code} {kind}", *shown)
        content = [json.loads(line) for line in lines] if stream else answer.json() if kind != TEXT else answer.text
        self.recording.answers[method, path.partition("?")[0]].append((answer.status_code, content))
        return content

    def meanwhile(self, part: str, method: str, path: str, body: Mapping[str, Any]) -> asyncio.Task[Any]:
        """The same, while something else goes on."""
        return asyncio.create_task(self.ask(part, method, path, body))

    async def until(self, what: Callable[[], object]) -> None:
        await until(self.daemon, what)
        await asyncio.sleep(0.5)

    def record(self, name: str) -> ServiceRecord:
        return self.daemon.state.services.record_of(ServiceKey("shop", name))

    def over(self, name: str) -> Callable[[], bool]:
        return lambda: self.record(name).incident is None and self.record(name).last_incident is not None

    def deployed(self, tag: str) -> None:
        self.engine.docker_rm("shop-blog-1")
        self.engine.run("shop-blog-1", f"shop/blog:{tag}", labels=labels("shop", "blog"), volumes={"blog": "/data"})

    async def play(self) -> None:
        configured = settings(self._directory)
        prepare(configured.state.dir)
        self.recording.state = configured.state.dir
        ears = HearingLedger()
        ledger = await ears.of(Ledger).open(configured.state.dir, key_file=None, now=self.wall(), retention=90 * DAY)
        clock = Clock(self.loop.time, self.wall)
        self.answers = Answers(clock)

        async def claim(identity: EngineIdentity, _: Collection[str]) -> None:
            await ledger.bind_engine(identity.id)

        self.daemon = Daemon(
            state=DaemonState(
                settings=replace(configured, services=()), clock=clock, engine=self.engine, ledger=ledger
            ),
            ledger=ledger,
            prober=self.answers,
            claim=claim,
            reread=lambda: configured,
        )
        server = ApiServer(configured.api, self.daemon, self.daemon, [deployment_routes(self.daemon.deployments)])
        each = httpx.Limits(max_keepalive_connections=0)  # hours go by between two questions
        transport = httpx.AsyncHTTPTransport(uds=str(configured.api.socket), limits=each)
        await server.start()
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=DAY) as self.http:
            await self.ask("reads", "GET", "/-/ready")
            self.engine.run("stopped")
            self.engine.docker_stop("stopped")
            await self.daemon.start(version="golden")
            try:
                await self.containers()
                await self.story()
            finally:
                await self.daemon.stop()
        await server.stop()
        await ledger.close()
        for at, notice in ears.heard:
            said = f"{at - 1000.0:g} s: {notice.receiver} is told"
            self.recording.note("alerts", said, json.dumps(alert_json(notice.alert), indent=1))
            if notice.receiver == MAIL.name:
                shown = json.dumps(labels_of(notice.alert), indent=1)
                self.recording.note("alerts", headline(notice.alert), text(notice.alert), shown)

    async def containers(self) -> None:
        """One after the other: what happens at one moment has no order that stays."""
        engine = self.engine
        await asyncio.sleep(11.3)
        engine.image("probed:1", Behaviour(healthy_after=2.0))
        engine.run("probed", "probed:1")
        for name in SERVICES:
            await asyncio.sleep(11.3)
            engine.run(
                f"shop-{name}-1",
                f"shop/{name}:1",
                labels=labels("shop", name),
                networks=("shop_front", "shop_back") if name == "webui" else ("bridge",),
                volumes={name: "/data"},
            )

    async def story(self) -> None:
        await self.until(lambda: all(self.record(name).baselines for name in SERVICES))
        await self.until(lambda: self.daemon.state.services.record_of(ServiceKey("", "probed")).baselines)
        await self.ask("reads", "GET", "/-/ready")
        await self.ask("reads", "GET", "/-/healthy")
        await self.ask("channels", "GET", "/api/v1/channels")
        await self.ask("orders", "POST", "/-/reload", {})
        await self.deployments()
        await self.people()
        await self.failures()
        await self.approvals()
        await self.reads()
        await self.recoveries()
        await self.refusals()
        await self.evidence()

    async def confirmed(self, number: int, *, confirm: bool = True) -> None:
        await asyncio.sleep(5.0)
        answer = {"validator": "night shift", "confirm": confirm, "because": "not at night", "by": "bob"}
        await self.ask("channels", "POST", f"/api/v1/announcements/{number}/confirm", answer)

    async def deployments(self) -> None:
        part, by = "deployments", {"by": "ada"}
        order = {**by, "services": ["shop/blog"], "reason": "a new blog", "soak": 0, "timeout": 3600}
        await self.ask(part, "POST", "/api/v1/deployments/rehearse", {**by, "project": "shop", "retire": ["shop/old"]})

        wrapped = self.meanwhile(
            part, "POST", "/api/v1/deployments", {**order, "command": ["docker", "compose", "up"], "soak": 3}
        )
        await self.confirmed(1)
        await asyncio.sleep(1.0)
        self.deployed("2")
        await asyncio.sleep(5.0)
        await self.ask(part, "POST", "/api/v1/deployments/1/checkpoint", {})
        await self.ask(part, "POST", "/api/v1/deployments/1/ended", {"exit_code": 0})
        assert (await wrapped)[-1]["stage"] == "committed", self.recording.text(part)

        refused = self.meanwhile(part, "POST", "/api/v1/deployments/begin", order)
        await self.confirmed(2, confirm=False)
        assert (await refused)[-1]["stage"] == "refused"

        await self.pipelines(order)
        aborted = self.meanwhile(part, "POST", "/api/v1/deployments", {**order, "command": ["make", "deploy"]})
        await self.confirmed(7)
        await asyncio.sleep(1.0)
        await self.ask(part, "POST", "/api/v1/deployments/7/abort", {"because": "Ctrl-C"})
        await aborted
        for gate in Gate:
            await self.ask("gates", "POST", f"/api/v1/gates/{gate}", {"services": []})
        await asyncio.sleep(60.0)

    async def pipelines(self, order: Mapping[str, Any]) -> None:
        part, by = "deployments", {"by": "ada"}

        async def begun(number: int) -> str:
            await asyncio.sleep(60.0)
            beginning = self.meanwhile(part, "POST", "/api/v1/deployments/begin", order)
            await self.confirmed(number)
            return (await beginning)[-1]["token"]

        token = await begun(3)
        self.deployed("3")
        await asyncio.sleep(10.0)
        told = await self.ask(part, "POST", "/api/v1/deployments/commit", {**by, "token": token})
        assert told[-1]["stage"] == "committed"
        token = await begun(4)
        self.deployed("4")
        told = await self.ask(part, "POST", "/api/v1/deployments/rollback", {**by, "token": token})
        assert told[-1]["stage"] == "rolled_back"
        await begun(5)
        self.engine.docker_rm("shop-blog-1")
        self.engine.remove_volume("blog")
        told = await self.ask(part, "POST", "/api/v1/deployments/5/rollback", by)
        assert told[-1]["stage"] == "stuck"
        self.engine.volumes.add("blog")
        told = await self.ask(part, "POST", "/api/v1/deployments/5/rollback", by)
        assert told[-1]["stage"] == "rolled_back"
        await begun(6)
        self.engine.docker_rm("shop-blog-1")
        self.engine.remove_volume("blog")
        await self.ask(part, "POST", "/api/v1/deployments/6/rollback", by)
        self.engine.run("shop-blog-1", "shop/blog:3", labels=labels("shop", "blog"), volumes={"blog": "/data"})
        await self.ask(part, "POST", "/api/v1/deployments/6/release", {**by, "reason": "mended by hand"})

    async def people(self) -> None:
        by = {"by": "ada"}
        part = "orders"
        pause = {"service": "mailer", "seconds": 3 * DAY, "reason": "moving the disk", **by}
        await self.ask(part, "POST", "/api/v1/services/pause", pause)
        await self.ask(part, "POST", "/api/v1/services/pause", {**pause, "service": "cache"})
        await self.ask(part, "POST", "/api/v1/services/resume", {"service": "cache", **by})
        await self.ask(part, "POST", "/api/v1/services/retire", {"service": "old", "reason": "not needed", **by})
        self.engine.docker_rm("shop-old-1")
        silence = {"seconds": 2 * DAY, "reason": "known", **by}
        await self.ask(part, "POST", "/api/v1/silences", {"name": "shop/cache", **silence})
        await self.ask(part, "POST", "/api/v1/silences", {"name": "page", **silence})
        await self.ask(part, "POST", "/api/v1/silences", {"project": "shop", **silence, "seconds": 60})
        await self.ask(part, "POST", "/api/v1/silences", {"everything": True, **silence})
        await self.ask(part, "POST", "/api/v1/silences/end", {"everything": True, **by})
        await self.ask(part, "POST", "/api/v1/heartbeats/backup?exit_code=0&message=4%20GB", {})

    async def failures(self) -> None:
        engine, answers = self.engine, self.answers
        engine.crash("shop-db-1")
        await self.until(self.over("db"))
        engine.docker_rm("shop-cache-1")
        await self.until(self.over("cache"))
        answers.verdicts["office"] = Verdict.FAIL
        await asyncio.sleep(17.3)
        engine.docker_rm("shop-batch-1")
        await asyncio.sleep(17.3)
        engine.docker_rm("shop-mailer-1")
        await asyncio.sleep(17.3)
        engine.behaviours[self.record("job").baselines[0].image_id] = Behaviour(start_error="no such device")
        engine.docker_rm("shop-job-1")
        await self.until(lambda: self.record("job").quarantined)
        for _ in range(12):
            for verdict in (Verdict.FAIL, Verdict.PASS):
                answers.verdicts["page"] = verdict
                await asyncio.sleep(21.3)
        await self.ask("flapping", "GET", "/api/v1/status")
        answers.verdicts["page"] = Verdict.FAIL
        await asyncio.sleep(1.3)
        engine.set_health("probed", HealthcheckState.UNHEALTHY)
        await asyncio.sleep(HOUR / 4)
        engine.go_away()
        await asyncio.sleep(30.0)
        await self.ask("engine away", "GET", "/api/v1/status")
        await self.ask("engine away", "GET", "/-/ready")
        engine.come_back()
        await asyncio.sleep(90.0)

    async def approvals(self) -> None:
        by, part = {"by": "ada"}, "approvals"

        def waits(number: int) -> Callable[[], bool]:
            return lambda: any(one.id == number for one in self.daemon.state.operators.approvals.values())

        self.engine.docker_rm("shop-safe-1")
        await self.until(waits(1))
        await self.ask(part, "POST", "/api/v1/approvals/1/approve", {**by, "reason": "go on"})
        await self.until(self.over("safe"))
        self.engine.docker_rm("shop-vault-1")
        await self.until(waits(2))
        await self.ask(part, "POST", "/api/v1/approvals/2/reject", {**by, "reason": "not now"})
        self.engine.docker_rm("shop-safe-1")
        await self.until(waits(3))
        await self.ask(part, "GET", "/api/v1/approvals")
        await self.ask(part, "GET", "/api/v1/approvals?all=true")

    async def recoveries(self) -> None:
        by, part = {"by": "ada"}, "recoveries"
        await self.ask(part, "POST", "/api/v1/recover", {"services": ["job", "webui"], "dry_run": True, **by})
        await self.ask(part, "POST", "/api/v1/recover", {"services": ["job"], **by})
        await self.ask(part, "POST", "/api/v1/recover", {"services": ["webui"], "action": "restart", **by})
        rollback = {"services": ["blog"], "action": "rollback", "baseline": 2, **by}
        await self.ask(part, "POST", "/api/v1/recover", rollback)
        self.engine.docker_rm("shop-api-1")
        await asyncio.sleep(3.0)
        await self.ask(part, "POST", "/api/v1/recover", {"services": ["api"], **by})
        await self.ask(part, "POST", "/api/v1/recover", {"project": "shop", "dry_run": True, **by})

    async def refusals(self) -> None:
        part, by = "refusals", {"by": "ada"}
        await self.ask(part, "GET", "/api/v1/incidents/999")
        await self.ask(part, "GET", "/api/v1/incidents?limit=0")
        await self.ask(part, "GET", "/api/v1/nothing")
        await self.ask(part, "GET", "/api/v1/channels/nothing/events")
        await self.ask(part, "POST", "/api/v1/heartbeats/nobody", {})
        await self.ask(part, "POST", "/api/v1/services/pause", {"service": "web", "seconds": 1, "reason": "r", **by})
        await self.ask(part, "POST", "/api/v1/recover", {"services": ["nobody"], **by})
        await self.ask(part, "POST", "/api/v1/approvals/9/approve", by)
        await self.ask(part, "POST", "/api/v1/deployments/commit", {**by, "token": "1.wrong"})
        await self.ask(part, "GET", "/api/v1/deployments/999")

    async def reads(self) -> None:
        for accept in ("text/plain", "application/openmetrics-text; version=1.0.0"):
            self.recording.note("metrics", await self.metrics(accept))
        self.engine.docker_rm("shop-webui-1")  # so that something is under way
        await asyncio.sleep(3.3)
        await self.ask("reads", "GET", "/api/v1/status")
        await self.ask("reads", "GET", "/api/v1/silences")
        await self.ask("reads", "GET", "/api/v1/incidents")
        await self.ask("reads", "GET", "/api/v1/incidents?open=true&limit=3")
        await asyncio.sleep(1.3)
        state = (self.recording.state / "recovery-state.json").read_text()
        self.recording.note("state file", state)
        await self.until(self.over("webui"))

    async def evidence(self) -> None:
        """Of all that was."""
        for incident in await self.daemon.incidents(100, open_only=False):
            await self.ask("incidents", "GET", f"/api/v1/incidents/{incident.id}")
        found = await self.ask("deployments", "GET", "/api/v1/deployments")
        for deployment in found["deployments"]:
            await self.ask("deployment", "GET", f"/api/v1/deployments/{deployment['id']}")
        await self.ask("channels", "GET", "/api/v1/channels")
        self.recording.note("channels", "GET /api/v1/channels/all/events?after=0-0", *await self.events())

    async def events(self) -> list[str]:
        """All that is kept, as it is streamed to whoever comes late."""
        lines, path = list[str](), "/api/v1/channels/all/events"
        async with self.http.stream("GET", f"{path}?after=0-0") as answer:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    async for line in answer.aiter_lines():
                        data = line.removeprefix("data: ")
                        lines += [pretty(data)] if data != line else [line]
        self.recording.answers["GET", path].append((answer.status_code, lines))
        return lines

    async def metrics(self, accept: str) -> str:
        """Without what the process itself is like."""
        answer = await self.http.get("/metrics", headers={"accept": accept})
        self.recording.answers["GET", "/metrics"].append((answer.status_code, answer.text))
        shown = [line for line in answer.text.splitlines() if not line.startswith("process_")]
        return "\n".join([answer.headers["content-type"], *shown])


def recorded(directory: Path) -> Recording:
    """Plays it, the same each time."""
    recording = Recording()
    numbers = itertools.count(1)

    def number(size: int) -> str:
        return f"{next(numbers):0{2 * size}x}"

    def secret(_: int) -> str:
        return "secret"

    def taker(_: object) -> Taker:
        return Taker()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.token_hex", number)
        patch.setattr("secrets.token_urlsafe", secret)
        patch.setattr("watchdog.alerts.alerter.receiver_of", taker)
        patch.setattr("watchdog.api.metrics.__version__", "VERSION")
        loop = InOrder()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(Scene(loop, directory, recording).play())
    return recording
