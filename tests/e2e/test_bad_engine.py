"""No engine, no permission, an engine that hangs: one sentence, the right exit code, no waiting without end."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.doors import one_sentence
from tests.faults.scene import Scene
from tests.lab.watch import Ran

pytestmark = pytest.mark.engine

NOWHERE = "unix:///nonexistent/docker.sock"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
READS_EVERYTHING = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
"""So that nobody finds the program wherever it is installed; it opens no socket that is not nobody's."""


def _unjudged(ran: Ran) -> str:
    """`check` without an engine: 3, and the last line says why."""
    assert (ran.code, ran.err) == (3, ""), ran
    assert "Traceback" not in ran.out
    return ran.out.splitlines()[-1]


def test_no_engine_is_3_where_it_must_be_asked_and_no_engine_is_no_verdict(watch: Scene) -> None:
    watch.daemon.write_config()
    watch.daemon.environment["DOCKER_HOST"] = NOWHERE
    assert _unjudged(watch.daemon.cli("check")) == (
        f"unknown: no engine at {NOWHERE}: there is no such socket; is Docker installed and started?"
    )
    assert watch.daemon.cli("check", "--json").json["engine_up"] is False
    assert one_sentence(watch.daemon.cli("recover", "--all"), 3).startswith("no action: no engine at ")


@contextmanager
def _hanging(path: Path) -> Generator[None]:
    """An engine that accepts connections and never answers."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(door.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


def test_an_engine_that_hangs_is_given_up_after_its_time(watch: Scene, tmp_path: Path) -> None:
    watch.daemon.write_config(watch.daemon.config.replace('timeout = "5s"', 'timeout = "500ms"'))
    host = f"unix://{tmp_path / 'hangs.sock'}"
    watch.daemon.environment["DOCKER_HOST"] = host
    with _hanging(tmp_path / "hangs.sock"):
        assert _unjudged(watch.daemon.cli("check")) == f"unknown: the engine at {host} did not answer within 0.5 s"
        said = one_sentence(watch.daemon.cli("recover", "--all"), 3)
        assert said == f"no action: the engine at {host} did not answer within 0.5 s"


def test_a_daemon_outlives_an_engine_that_is_not_there_yet(watch: Scene) -> None:
    watch.daemon.environment["DOCKER_HOST"] = NOWHERE
    watch.daemon.start(wait=False)
    watch.daemon.wait(lambda: watch.daemon.get("/-/ready").status == 503, "it does not say that it is not ready")
    watch.daemon.wait(lambda: watch.daemon.cli("healthcheck").code == 0, "it is not alive")
    ran = watch.daemon.cli("status")
    assert ran.code == 3
    assert f"unknown: no engine at {NOWHERE}" in ran.out
    assert watch.daemon.stop() == 0


def test_no_permission_on_the_socket_is_said_with_what_helps(watch: Scene) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        file = Path(place) / "config.toml"
        file.write_text(f'[state]\ndir = "{place}/state"\n[api]\nsocket = "{place}/none.sock"\n')
        done = subprocess.run(
            [
                *watch.engine.enter,
                *NOBODY,
                *READS_EVERYTHING,
                sys.executable,
                "-m",
                "watchdog",
                "--config",
                file,
                "check",
            ],
            env={"DOCKER_HOST": watch.engine.host, "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert _unjudged(Ran(done.returncode, done.stdout, done.stderr)) == (
            f"unknown: no permission on {watch.engine.host}: "
            "run as root or add the user to group docker, which equals root"
        )
