"""The incident that this project exists for: a service of a small stack is removed and nobody puts it back.

Runs on the engine that `docker` talks to, in a Compose project of its own, and removes all of it afterwards.
The times come from outside: a poller that never stops asking webui over HTTP, and the daemon's ledger.
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
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.lab.ground import LabUnavailable
from tests.lab.image import busybox_archive

COMPOSE: Final = Path(sysconfig.get_path("platlib"), "compose", "docker-compose")
WATCHDOG: Final = (sys.executable, "-m", "watchdog")
T = TypeVar("T")

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
        service = f"{{image: '{self.image}', stop_signal: KILL, command: [httpd, -f, -p, '80', -h, /www]"
        check = "healthcheck: {test: [CMD, wget, -q, -O, /dev/null, 'http://127.0.0.1/'], interval: 1s}"
        needs = "depends_on: {{{}: {{condition: service_healthy}}}}"
        (self.directory / "compose.yaml").write_text(
            f"services:\n"
            f"  db: {service}, {check}}}\n"
            f"  api: {service}, {check}, {needs.format('db')}}}\n"
            f"  webui: {service}, {needs.format('api')}, ports: ['127.0.0.1:{self.web_port}:80']}}\n"
        )
        services = "".join(
            f'[[service]]\nname = "{name}"\nproject = "{self.project}"\n' for name in ("db", "api", "webui")
        )
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


def main() -> int:
    try:
        with ExitStack() as stack:
            demonstrate(stack)
    except (DemoFailed, LabUnavailable) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def demonstrate(stack: ExitStack) -> None:
    """Play the incident once and print the timeline."""
    stage = stack.enter_context(set_up())
    say(f"A stack db → api → webui runs as project {stage.project}; webui serves http://127.0.0.1:{stage.web_port}/.")
    stack.enter_context(daemon(stage))
    wait_for(lambda: is_proven(stage), "webui was not proven healthy")
    say("watchdog has proven webui healthy and saved how to make it again.")
    before = run("docker", "inspect", "--format", "{{.Id}}", stage.webui)
    poller = stack.enter_context(polling(stage.web_port))
    wait_for(lambda: poller.changes and poller.changes[-1][1], "webui does not serve")

    removed_at = time.time()
    run("docker", "rm", "--force", stage.webui)
    say(f"\n$ docker rm --force {stage.webui}\nNobody puts it back. After the absence grace (10 s) watchdog does:\n")
    incident = wait_for(lambda: closed_incident(stage, removed_at), "the incident was not closed")
    wait_for(lambda: poller.changes[-1][1], "webui does not serve again")

    after = run("docker", "inspect", "--format", "{{.Id}}", stage.webui)
    print_timeline(stage, incident, poller, removed_at)
    say(f"\nContainer before {before[:12]}, now {after[:12]}: another incarnation of the same service.")
    say(f"\n$ watchdog show {incident}\n{watchdog(stage, 'show', str(incident))}")
    say(f"\n$ watchdog ledger verify\n{watchdog(stage, 'ledger', 'verify')}")
    say("\nThe stack, the daemon and its state are removed now.")


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
            compose(stage, "down", "--timeout", "0", "--volumes", must=False)
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


def print_timeline(stage: Stage, incident: int, poller: Poller, removed_at: float) -> None:
    """Times from the moment at which the removal was ordered, by the poller (outside) and the ledger (watchdog)."""
    found = ask(stage, f"/api/v1/incidents/{incident}")
    moments = [(removed_at, "outside", "removal ordered")]
    moments += [
        (at, "outside", "serves again over HTTP" if serving else "no longer serves over HTTP")
        for at, serving in poller.changes
        if at >= removed_at
    ]
    moments.append((seconds(found["incident"]["detected_at"]), "watchdog", "detected"))
    moments += [
        (seconds(row["at"]), "watchdog", f"{row['kind'].replace('_', ' ')}: {row['sentence'].splitlines()[0]}")
        for row in found["timeline"]
    ]
    for at, source, what in sorted(moments):
        say(f"{at - removed_at:8.2f} s  {source:<8}  {what}")


def is_proven(stage: Stage) -> bool:
    snapshot = status(stage)
    return snapshot is not None and any(
        service["name"] == "webui" and service["protected"] for service in snapshot["services"]
    )


def closed_incident(stage: Stage, since: float) -> int | None:
    for incident in ask(stage, "/api/v1/incidents?limit=10")["incidents"]:
        if incident["subject"] == f"{stage.project}/webui" and incident["closed_at"] is not None:
            return incident["id"] if seconds(incident["closed_at"]) > since else None
    return None


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


def seconds(rfc3339: str) -> float:
    return datetime.fromisoformat(rfc3339).timestamp()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
