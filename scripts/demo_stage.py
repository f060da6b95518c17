"""What the demonstrations share: a small stack, the daemon beside it, and a client that asks webui all the time.

Everything runs on the engine that `docker` talks to, in a Compose project of its own, and is removed afterwards.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.lab.ground import LabUnavailable
from tests.lab.image import busybox_archive

COMPOSE: Final = Path(sysconfig.get_path("platlib"), "compose", "docker-compose")
WATCHDOG: Final = (sys.executable, "-m", "watchdog")
T = TypeVar("T")

SERVICES: Final = ("db", "api", "webui")
PATIENCE: Final = 120.0
"""Seconds after which a step that has not happened is given up."""


class DemoFailed(Exception):
    """One sentence: which step did not happen."""


@dataclass(slots=True)
class Poller:
    """Asks webui over HTTP every ten milliseconds, as its users would, and notes when the answer changes."""

    port: int
    changes: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        serving = None
        while not self._stop.wait(0.01):
            asked = time.time()
            now = self._serves()
            if now is not serving:
                # A failure began when it was asked; an answer counts when it is there.
                self.changes.append((time.time() if now else asked, now))
                serving = now

    def stop(self) -> None:
        self._stop.set()

    @property
    def serves(self) -> bool:
        """By the last answer."""
        return bool(self.changes) and self.changes[-1][1]

    def not_serving(self, since: float) -> float:
        """Seconds for which it did not serve since then (Unix seconds), to the last answer that it does."""
        lost, seconds = since, 0.0
        for at, serving in self.changes:
            if at < since:
                continue
            if serving:
                seconds += at - lost
            else:
                lost = at
        return seconds

    def _serves(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1.0)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read() == b"ok\n"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the demonstration makes, named so that it is found and removed again."""

    directory: Path
    project: str
    web_port: int
    api_port: int

    @property
    def image(self) -> str:
        return f"{self.project}:demo"

    @property
    def webui(self) -> str:
        return f"{self.project}-webui-1"

    def write(self) -> None:
        """Write the Compose file and the daemon's configuration."""
        self.write_stack(*SERVICES)
        services = "".join(f'[[service]]\nname = "{name}"\nproject = "{self.project}"\n' for name in SERVICES)
        # Only the stack of the demonstration is watched: the machine may run other things.
        (self.directory / "watchdog.toml").write_text(
            f'[discovery]\nmode = "configured"\n'
            f'[health]\nsoak = "3s"\nstable = "2s"\n'
            f'[api]\nlisten = "127.0.0.1:{self.api_port}"\nsocket = "{self.directory}/watchdog.sock"\n'
            f'[state]\ndir = "{self.directory}/state"\n'
            f"{services}"
            f'[[endpoint]]\nname = "webui"\nservice = "{self.project}/webui"\n'
            f'url = "http://127.0.0.1:{self.web_port}/"\ninterval = "1s"\n'
        )

    def write_stack(self, *names: str) -> None:
        """Write the Compose file with these of the services."""
        service = f"{{image: '{self.image}', stop_signal: KILL, command: [httpd, -f, -p, '80', -h, /www]"
        check = "healthcheck: {test: [CMD, wget, -q, -O, /dev/null, 'http://127.0.0.1/'], interval: 1s}"
        needs = "depends_on: {{{}: {{condition: service_healthy}}}}"
        written = {
            "db": f"{service}, {check}}}",
            "api": f"{service}, {check}, {needs.format('db')}}}",
            "webui": f"{service}, {needs.format('api')}, ports: ['127.0.0.1:{self.web_port}:80']}}",
        }
        lines = [f"name: {self.project}", "services:", *(f"  {name}: {written[name]}" for name in names)]
        (self.directory / "compose.yaml").write_text("\n".join(lines) + "\n")


def play(demonstrate: Callable[[ExitStack], None]) -> int:
    """One demonstration to its end; the exit code."""
    try:
        with ExitStack() as stack:
            demonstrate(stack)
    except (DemoFailed, LabUnavailable) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def set_up() -> Generator[Stage]:
    """Make image and stack; everything is removed at the end, however it ends."""
    if shutil.which("docker") is None or not COMPOSE.is_file():
        raise DemoFailed("The docker command and Compose are needed: `make demo` brings both.")
    with tempfile.TemporaryDirectory(prefix="watchdog-demo-") as directory:
        stage = Stage(Path(directory), f"demo{os.getpid()}", free_port(), free_port())
        stage.write()
        try:
            run("docker", "import", "-", stage.image, stdin=busybox_archive(stage.project))
            compose(stage, "up", "--detach", "--wait")
            yield stage
        finally:
            compose(stage, "down", "--timeout", "0", "--volumes", "--remove-orphans", must=False)
            run("docker", "rmi", "--force", *image_names(stage), must=False)


@contextmanager
def daemon(stage: Stage) -> Generator[None]:
    """The daemon, with its log beside the stack; stopped as a service manager would."""
    log = stage.directory / "watchdog.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*WATCHDOG, "--config", str(stage.directory / "watchdog.toml"), "run"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: process.poll() is not None or status(stage), "the daemon does not answer")
        if process.poll() is not None:
            raise DemoFailed(f"The daemon ended: {log.read_text().strip()[-2000:]}")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def polling(port: int) -> Generator[Poller]:
    poller = Poller(port)
    thread = threading.Thread(target=poller.run)
    thread.start()
    try:
        yield poller
    finally:
        poller.stop()
        thread.join()


def proven(stage: Stage, *names: str) -> bool:
    """Whether these services are protected, healthy and without an incident."""
    snapshot = status(stage)
    services = snapshot["services"] if snapshot is not None else ()
    good = {
        one["name"] for one in services if one["protected"] and one["health"] == "healthy" and one["incident"] is None
    }
    return good.issuperset(names)


def status(stage: Stage) -> Mapping[str, Any] | None:
    with contextlib.suppress(OSError):
        return ask(stage, "/api/v1/status")
    return None


def ask(stage: Stage, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.api_port}{path}", timeout=5.0) as answer:
        return json.load(answer)


def image_names(stage: Stage) -> list[str]:
    """The image under every tag, the recovery tags of the daemon included."""
    image_id = run("docker", "images", "--quiet", "--no-trunc", stage.image, must=False)
    return [image_id] if image_id else [stage.image]


def watchdog(stage: Stage, *arguments: str) -> str:
    return run(*WATCHDOG, "--config", str(stage.directory / "watchdog.toml"), *arguments)


def compose(stage: Stage, *arguments: str, must: bool = True) -> str:
    file = str(stage.directory / "compose.yaml")
    return run(str(COMPOSE), "--project-name", stage.project, "--file", file, *arguments, must=must)


def run(*command: str, stdin: bytes | None = None, must: bool = True) -> str:
    """Run a program and return what it printed; DemoFailed with its last words when it fails and must not."""
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)  # noqa: S603 - fixed programs, no shell
    if must and done.returncode != 0:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()[-1000:]
        raise DemoFailed(f"`{' '.join(command)}` ended with {done.returncode}: {words}")
    return done.stdout.decode(errors="replace").strip()


def wait_for(condition: Callable[[], T | None], complaint: str) -> T:
    """The first truthy value of `condition`."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise DemoFailed(f"After {PATIENCE:g} s {complaint}.")
        time.sleep(0.05)
    return value


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
