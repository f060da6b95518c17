"""Commands inside containers: what is a FAIL of the service, what nobody can say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.lab.engine import LabEngine
from tests.probes.inside import SERVICE, Stage
from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.fake_inside import HANGS, FakeInside
from watchdog.engine.docker import DockerEngine
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.inside import Ended
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.inside import ExecProbe
from watchdog.model.settings import EngineSettings
from watchdog.probes import Prober

READY = ExecProbe(exec=("pg_isready",))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    await made.run()
    yield made
    await made.prober.close()


def prints(stage: Stage, output: str, exit_code: int | None = 0) -> None:
    stage.engine.inside.programs[READY.exec] = Ended(exit_code=exit_code, output=output.encode())


def _cannot(_self: FakeInside, _execution: str) -> bool:
    return False


def shown(observation: Observation) -> tuple[str, object, str]:
    return observation.verdict.value, observation.evidence.get("class"), observation.reason


@pytest.mark.parametrize(
    ("probe", "output", "exit_code", "expected"),
    [
        (READY, "", 0, ("pass", None, "pg_isready ends with 0")),
        (READY, " ready\n", 0, ("pass", None, "pg_isready ends with 0 and prints 'ready'")),
        (
            READY,
            "no\nanswer\n",
            2,
            ("fail", "exit_code", "pg_isready ends with 2, printing 'no answer'; expected is 0"),
        ),
        (ExecProbe(exec=READY.exec, exit_code=(0, 2)), "", 2, ("pass", None, "pg_isready ends with 2")),
        (
            ExecProbe(exec=READY.exec, output_matches="^accept"),
            "rejecting",
            0,
            ("fail", "output", "pg_isready prints 'rejecting', with nothing like '^accept'"),
        ),
        (
            ExecProbe(exec=READY.exec, output="< 100"),
            "99\n",
            0,
            ("pass", None, "pg_isready ends with 0 and prints '99'"),
        ),
        (
            ExecProbe(exec=READY.exec, output="< 100"),
            "100\n",
            0,
            ("fail", "output", "what pg_isready prints, '100' is not what is expected: < 100"),
        ),
        (
            ExecProbe(exec=READY.exec, output="== 'rev-9'"),
            "",
            0,
            ("fail", "output", "what pg_isready prints, '' is not what is expected: == 'rev-9'"),
        ),
        (
            READY,
            "executable file not found",
            126,
            ("unknown", "not_asked", "pg_isready cannot be run: executable file not found"),
        ),
        (READY, "", 127, ("unknown", "not_asked", "pg_isready cannot be run: there is no such program")),
    ],
)
async def test_the_verdict_is_by_exit_code_and_output(
    stage: Stage, probe: ExecProbe, output: str, exit_code: int, expected: tuple[str, object, str]
) -> None:
    prints(stage, output, exit_code)
    assert shown(await stage.ask(probe)) == expected


async def test_output_of_any_bytes_is_evidence_in_one_bounded_line(stage: Stage) -> None:
    stage.engine.inside.programs[READY.exec] = Ended(exit_code=0, output=bytes(range(256)) * 4)
    found = await stage.ask(READY)
    assert found.verdict is Verdict.PASS
    assert str(found.evidence["output"]).isprintable()
    assert len(str(found.evidence["output"])) <= 200


async def test_what_does_not_run_is_judged_by_that_and_not_by_its_checks(stage: Stage) -> None:
    stage.engine.docker_stop("db")
    assert shown(await stage.ask(READY))[:2] == ("unknown", "engine")  # it is not known to have stopped yet
    assert stage.container is not None
    await stage.look(stage.container.id)
    assert shown(await stage.ask(READY)) == (
        *("unknown", "not_asked"),
        "the container of shop/db is exited: nothing can be asked inside of it",
    )
    stage.container = None
    assert (await stage.ask(READY)).reason == "shop/db has no container: nothing can be asked inside of it"


async def test_an_engine_that_is_away_is_no_failure_of_the_service(stage: Stage) -> None:
    stage.engine.go_away("no engine")
    assert shown(await stage.ask(READY)) == ("unknown", "engine", "no engine")


async def test_an_engine_that_hangs_is_no_failure_of_the_service(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object, **__: object) -> str:
        await asyncio.sleep(3600)
        return ""

    for call in ("prepare_inside", "run_inside"):
        monkeypatch.setattr(FakeEngine, call, hang)
        found = await stage.ask(READY, timeout=0.2)
        assert shown(found) == ("unknown", "engine", "the engine did not answer within 0.2 s")


async def test_one_that_hangs_fails_in_time_and_is_killed(stage: Stage) -> None:
    stage.engine.inside.programs[READY.exec] = HANGS
    found = await stage.ask(READY, timeout=0.2)
    assert shown(found) == ("fail", "timeout", "pg_isready did not end within 0.2 s and was killed")
    prints(stage, "ready")
    assert (await stage.ask(READY)).verdict is Verdict.PASS


async def test_one_that_cannot_be_killed_is_not_run_again_beside_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.engine.inside.programs[READY.exec] = HANGS
    monkeypatch.setattr(FakeInside, "stop", _cannot)
    found = await stage.ask(READY, timeout=0.2)
    assert found.reason == "pg_isready did not end within 0.2 s and goes on: it cannot be killed from here"
    prints(stage, "ready")
    again = await stage.ask(READY)
    assert shown(again)[:2] == ("fail", "timeout")
    assert again.reason.startswith("pg_isready has not ended for ")
    assert len(stage.engine.inside.ran) == 1
    stage.engine.inside.end("whatever")
    assert (await stage.ask(READY)).verdict is Verdict.PASS


async def test_a_check_that_is_forgotten_begins_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.engine.inside.programs[READY.exec] = HANGS
    monkeypatch.setattr(FakeInside, "stop", _cannot)
    await stage.ask(READY, timeout=0.2)
    stage.prober.forget(Check(name="inside", probe=READY, service=SERVICE))
    prints(stage, "ready")
    assert (await stage.ask(READY)).verdict is Verdict.PASS


async def test_one_that_prints_for_ever_is_ended_when_it_has_printed_enough(stage: Stage) -> None:
    prints(stage, "y\n" * 1000)
    found = await stage.ask(ExecProbe(exec=READY.exec, max_bytes=100))
    assert shown(found) == ("fail", "too_large", "pg_isready printed more than 100 bytes and was killed")


class One:
    """The container of a real engine."""

    def __init__(self, engine: DockerEngine, container: Container) -> None:
        self.engine = engine
        self._container = container

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:  # noqa: ARG002 - as the protocol says
        return self._container


@pytest.mark.engine
async def test_a_real_one_that_hangs_or_chatters_is_gone_afterwards(clean_engine: LabEngine) -> None:
    container = clean_engine.run("db", "--init")
    engine = DockerEngine(EngineSettings(host=clean_engine.host))
    prober = Prober(time.time, One(engine, await engine.inspect(container)))

    async def ask(*command: str, timeout: float = 30.0) -> Observation:  # noqa: ASYNC109 - the check's
        probe = ExecProbe(exec=command)
        return await prober.ask(Check(name="inside", probe=probe, service=SERVICE, timeout=timeout))

    assert (await ask("sleep", "1000", timeout=2.0)).reason == "sleep 1000 did not end within 2 s and was killed"
    assert (await ask("yes")).reason == "yes printed more than 65536 bytes and was killed"
    assert (await ask("sh", "-c", "exit 3")).evidence["exit_code"] == 3
    assert (await ask("no-such-program")).evidence["class"] == "not_asked"
    await eventually(lambda: _programs(clean_engine) == ["docker-init", "sleep"])
    await prober.close()
    await engine.close()


def _programs(lab: LabEngine) -> list[str]:
    """What runs in the container, by name."""
    lines = lab.docker("top", "db", "-o", "pid,comm").splitlines()[1:]
    return sorted(line.split()[1] for line in lines)
