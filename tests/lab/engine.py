"""A real Docker Engine of the tests' own: started in its own network namespace, gone without a trace afterwards."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.lab.ground import Ground, LabUnavailable, claim, release
from tests.lab.image import busybox_archive
from tests.lab.wire import UnixConnection

LOGS = Path(__file__).parents[2] / ".lab"
BASE_IMAGE = "busybox:lab"
"""In every lab engine: all applets, `sleep 1000000` as command, no HEALTHCHECK."""
START_TIMEOUT = 60.0
PROGRAMS = os.environ.get("LAB_ENGINE_PATH", "")
"""A folder list searched before PATH, to test against another engine version than the installed one."""


Instruction = str | Sequence[str] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said on its raw socket; `json` is None where there is no JSON body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body.strip() else None


class LabError(AssertionError):
    """A command of the lab failed; the message holds what it printed."""


@dataclass(slots=True)
class LabEngine:
    """One engine. Ports that its containers publish on all addresses answer at `address` for everybody on the
    machine, and at 127.0.0.1 for a program started with the `enter` prefix.
    """

    ground: Ground
    live_restore: bool = False
    programs: str = PROGRAMS
    _containerd: subprocess.Popen[bytes] | None = None
    _dockerd: subprocess.Popen[bytes] | None = None
    _images: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def socket_path(self) -> Path:
        return self.ground.directory / "docker.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket_path}"

    @property
    def netns(self) -> str:
        return self.ground.name

    @property
    def address(self) -> str:
        return self.ground.address

    @property
    def enter(self) -> tuple[str, ...]:
        return self.ground.enter

    @property
    def environment(self) -> dict[str, str]:
        """For a program that is to find this engine and no other."""
        foreign = {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "COMPOSE_FILE"}
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        return {**kept, "DOCKER_HOST": self.host, "PATH": self.search_path}

    @property
    def search_path(self) -> str:
        """Where the engine's programs are looked for."""
        path = os.environ.get("PATH", os.defpath)
        return os.pathsep.join(filter(None, (self.programs, path, "/usr/sbin", "/sbin")))

    @property
    def pid(self) -> int:
        if self._dockerd is None:
            raise LabError("the engine is not running")
        return self._dockerd.pid

    @property
    def containerd_pid(self) -> int:
        if self._containerd is None:
            raise LabError("containerd is not running")
        return self._containerd.pid

    def start(self) -> None:
        """Starts what of containerd and dockerd does not run, and waits until the engine answers."""
        if self._containerd is None or self._containerd.poll() is not None:
            self._containerd = self._spawn_containerd()
        if self._dockerd is None or self._dockerd.poll() is not None:
            self._dockerd = self._spawn_dockerd()
        self.wait_until_answers()
        if not self._images:
            self.image(BASE_IMAGE)

    def wait_until_answers(self) -> None:
        def answers() -> bool:
            if self._dockerd is None or self._dockerd.poll() is not None:
                raise LabUnavailable(f"dockerd ended while starting:\n{self.log_tail()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.api("GET", "/_ping", timeout=5.0).status == http.HTTPStatus.OK
            return False

        self._wait(answers, "dockerd does not answer")

    def stop(self) -> None:
        """SIGTERM, as a service manager does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL; containers live on until the next start."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: connecting still works, every read hangs."""
        os.kill(self.pid, signal.SIGSTOP)
        threads = Path(f"/proc/{self.pid}/task")

        def all_stopped() -> bool:  # one thread that still runs for a moment would answer one more request
            states = (stat.read_text().rpartition(")")[2].split()[0] for stat in threads.glob("*/stat"))
            return all(state == "T" for state in states)

        self._wait(all_stopped, "dockerd does not freeze")

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def replace(self, programs: str) -> None:
        """As a package upgrade does: engine and containerd end, and those of another folder take over what is there."""
        self.stop()
        if self._containerd is not None:
            self._containerd.terminate()
            self._containerd.wait(START_TIMEOUT)
        self.programs = programs
        self.start()

    def docker(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Runs the docker CLI and returns what it printed, stripped; LabError with its stderr when it fails."""
        return self.command("docker", *arguments, stdin=stdin)

    def compose(self, project_dir: Path, *arguments: str) -> str:
        """Runs Docker Compose in a project's folder; returns stdout and stderr, where Compose tells its story."""
        program = Path(sysconfig.get_path("platlib")) / "compose" / "docker-compose"
        return self.command(str(program), "--ansi=never", *arguments, cwd=project_dir, both=True)

    def command(self, *arguments: str, stdin: bytes | None = None, cwd: Path | None = None, both: bool = False) -> str:
        """Runs a program inside the namespace, with this engine as DOCKER_HOST."""
        done = subprocess.run(
            [*self.enter, *arguments], input=stdin, cwd=cwd, env=self.environment, capture_output=True, check=False
        )
        stdout, stderr = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if done.returncode != 0:
            raise LabError(f"{' '.join(arguments)} ended with {done.returncode}: {stderr.strip() or stdout.strip()}")
        return (stdout + stderr if both else stdout).strip()

    def api(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, str | int | bool] | Sequence[tuple[str, str]] | None = None,
        timeout: float = 60.0,
    ) -> Answer:
        """One raw HTTP request on the engine's socket: the oracle's own door, nothing shared with the product."""
        connection = UnixConnection(self.socket_path, timeout)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
        try:
            connection.request(
                method, path + (f"?{urlencode(query)}" if query else ""), content, {"Content-Type": kind}
            )
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def inspect(self, container: str) -> Any:
        """The engine's inspect object; LabError when there is no such container."""
        return self._expect("GET", f"/containers/{quote(container)}/json").json

    def get(self, port: int, path: str = "/", timeout: float = 5.0) -> Answer:
        """GET from a published port, seen from outside of the namespace; OSError when nobody serves."""
        connection = http.client.HTTPConnection(self.address, port, timeout=timeout)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def image(self, name: str, *, marker: str = "", **config: Instruction) -> str:
        """Makes an image with that name and returns its ID.

        `config` are Dockerfile instructions in lower case: `cmd=["sleep", "9"]`, `env={"A": "b"}`, `volume=["/data"]`,
        `healthcheck="--interval=1s CMD test -e /ok"`, `label={...}`, `expose=["80"]`, `user=`, `workdir=`,
        `entrypoint=`, `stopsignal=`. The same name with another marker or configuration is another image.
        """
        recipe: dict[str, Instruction] = {"cmd": ["sleep", "1000000"], "env": {"PATH": "/bin"}, **config}
        changes = [line for word, value in recipe.items() for line in _instructions(word, value)]
        repository, _, tag = name.partition(":")
        query = [("fromSrc", "-"), ("repo", repository), ("tag", tag or "latest"), *(("changes", c) for c in changes)]
        answer = self._expect("POST", "/images/create", busybox_archive(marker or name), query)
        last = json.loads(answer.body.splitlines()[-1])
        if "error" in last:
            raise LabError(f"image {name}: {last['error']}")
        self._images[name] = str(last["status"])
        return self._images[name]

    def run(self, name: str, *options_and_command: str, image: str = BASE_IMAGE) -> str:
        """`docker run --detach` and the container's full ID; what stands after "--" is the command."""
        options, command = list(options_and_command), list[str]()
        if "--" in options:
            at = options.index("--")
            options, command = options[:at], options[at + 1 :]
        return self.docker("run", "--detach", "--name", name, *options, image, *command)

    def crash(self, container: str) -> None:
        """SIGKILL of the container's first process from the host: nothing that the engine was told of."""
        os.kill(int(self.inspect(container)["State"]["Pid"]), signal.SIGKILL)

    def clean(self) -> None:
        """Removes all containers, volumes, custom networks and recovery tags, whatever state they are in."""
        for container in self.containers():
            self._expect("DELETE", f"/containers/{container['Id']}", query={"force": 1}, absent_is_fine=True)
        if self.containers(ghosts=True):
            self.restart()
        for volume in self._expect("GET", "/volumes").json["Volumes"] or ():
            self._expect("DELETE", f"/volumes/{quote(volume['Name'])}", query={"force": 1}, absent_is_fine=True)
        for network in self._expect("GET", "/networks").json:
            if network["Name"] not in {"bridge", "host", "none"}:
                self._remove_network(network["Id"])
        for image in self._expect("GET", "/images/json").json:
            for tag in image["RepoTags"] or ():
                if tag.startswith("watchdog-baseline/"):
                    self._expect("DELETE", f"/images/{quote(tag, safe='')}", absent_is_fine=True)

    def containers(self, *, running: bool = False, ghosts: bool = False) -> list[Any]:
        """The engine's list. Ghosts, which are gone and have no name, are listed by 20.10 until it starts again."""
        found = self._expect("GET", "/containers/json", query={"all": int(not running)}).json
        return [line for line in found if line["Names"] or ghosts]

    def _remove_network(self, network: str) -> None:
        """An engine of 20.10 now and then forgets to take an endpoint off with its container; its next start does."""
        if self.api("DELETE", f"/networks/{network}").status == http.HTTPStatus.FORBIDDEN:
            self.restart()
            self._expect("DELETE", f"/networks/{network}")

    def log_tail(self, lines: int = 20) -> str:
        text = self.log_file("dockerd").read_text(errors="replace") if self.log_file("dockerd").exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _expect(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        query: Mapping[str, str | int | bool] | Sequence[tuple[str, str]] | None = None,
        *,
        absent_is_fine: bool = False,
    ) -> Answer:
        answer = self.api(method, path, body, query)
        fine = answer.status < http.HTTPStatus.BAD_REQUEST
        if not fine and not (absent_is_fine and answer.status == http.HTTPStatus.NOT_FOUND):
            raise LabError(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace').strip()}")
        return answer

    def _spawn_containerd(self) -> subprocess.Popen[bytes]:
        directory = self.ground.directory
        address = directory / "containerd.sock"
        address.unlink(missing_ok=True)
        settings = directory / "containerd.toml"
        settings.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        roots = ("--root", str(directory / "ctrd"), "--state", str(directory / "ctrd-state"))
        process = self._spawn("containerd", "--config", str(settings), *roots, "--address", str(address))

        def listens() -> bool:
            if process.poll() is not None:
                raise LabUnavailable(f"containerd ended while starting, see {self.log_file('containerd')}")
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.connect(str(address))
                return True
            return False

        self._wait(listens, "containerd does not listen")
        return process

    def _spawn_dockerd(self) -> subprocess.Popen[bytes]:
        directory = self.ground.directory
        (directory / "docker.pid").unlink(missing_ok=True)
        (directory / "daemon.json").write_text(json.dumps({"live-restore": self.live_restore}))
        return self._spawn(
            "dockerd",
            *(
                "--config-file",
                str(directory / "daemon.json"),
                "--host",
                self.host,
                "--pidfile",
                str(directory / "docker.pid"),
            ),
            *("--data-root", str(directory / "data"), "--exec-root", str(directory / "exec")),
            *("--containerd", str(directory / "containerd.sock"), "--cgroup-parent", f"/{self.ground.name}"),
            *("--exec-opt", "native.cgroupdriver=cgroupfs", "--shutdown-timeout", "5"),
        )

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        if shutil.which(program, path=self.search_path) is None:
            raise LabUnavailable(f"not found: {program} (Debian's docker.io)")
        LOGS.mkdir(exist_ok=True)
        with self.log_file(program).open("ab") as log:
            return subprocess.Popen(
                [*self.enter, program, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log_file(self, program: str) -> Path:
        return LOGS / f"{self.ground.name}-{program}.log"

    def _end(self, how: signal.Signals) -> None:
        if self._dockerd is None:
            return
        os.kill(self._dockerd.pid, how)
        os.kill(self._dockerd.pid, signal.SIGCONT)  # a frozen engine would never see SIGTERM
        self._dockerd.wait(START_TIMEOUT)
        self._dockerd = None

    def _wait(self, condition: Callable[[], bool], failure: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            if time.monotonic() > deadline:
                raise LabUnavailable(f"{failure} within {START_TIMEOUT:g} s:\n{self.log_tail()}")
            time.sleep(0.02)

    def reap(self) -> None:
        """Collects the exit status of programs that the ground's end has killed."""
        for process in (self._dockerd, self._containerd):
            if process is not None:
                process.wait(START_TIMEOUT)


@contextmanager
def lab_engine(*, live_restore: bool = False, programs: str = PROGRAMS) -> Generator[LabEngine]:
    """A started engine; raises LabUnavailable, and leaves nothing behind however the block ends."""
    ground = claim()
    engine = LabEngine(ground, live_restore, programs)
    for program in ("dockerd", "containerd"):
        engine.log_file(program).unlink(missing_ok=True)  # this number's last user's
    try:
        engine.start()
        yield engine
    finally:
        release(ground)
        engine.reap()


def _instructions(word: str, value: Instruction) -> list[str]:
    match word, value:
        case (("cmd" | "entrypoint" | "volume"), _):
            return [f"{word.upper()} {json.dumps(value)}"]
        case _, str():
            return [f"{word.upper()} {value}"]
        case _, Mapping():
            return [f"{word.upper()} {name}={json.dumps(text)}" for name, text in value.items()]
        case _, _:
            return [f"{word.upper()} {item}" for item in value]
