"""The incident three ways under `watchdog deploy`: each deployment loses webui, and none of them gets away with it.

Then the same removal on purpose, which is committed. How long webui did not serve comes from outside: a poller that
never stops asking it over HTTP. Ends with 0 only if every deployment ended as it must.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from scripts.demo_stage import (
    COMPOSE,
    SERVICES,
    WATCHDOG,
    DemoFailed,
    Poller,
    Stage,
    daemon,
    play,
    polling,
    proven,
    run,
    say,
    set_up,
    wait_for,
    watchdog,
)

COMMITTED, ROLLED_BACK, REFUSED = 0, 1, 3
UP: Final = ("docker-compose", "--ansi=never", "up", "--detach", "--timeout", "0", "--remove-orphans")
FAILS = """\
#!/bin/sh
set -eu
docker rm --force {webui} >/dev/null
docker exec {db} migrate            # there is no such program: the script ends here
docker run --detach --name {webui} --publish 127.0.0.1:{port}:80 {image} httpd -f -p 80 -h /www
"""
FORGETS = """\
#!/bin/sh
docker rm --force {webui} >/dev/null
echo "Deployment successful."
exit 0
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to lose webui, and the exit codes with which `watchdog deploy` may end."""

    title: str
    command: tuple[str, ...]
    options: tuple[str, ...] = ("--services", "webui")
    script: str = ""
    """What `deploy.sh` is."""
    stack: tuple[str, ...] = SERVICES
    """What the Compose file names meanwhile."""
    ends: tuple[int, ...] = (ROLLED_BACK, REFUSED)


LOST_FROM_FILE: Final = ("db", "api")
WAYS: Final = (
    Way("the Compose file has lost webui, and orphans are removed", UP, (), stack=LOST_FROM_FILE),
    Way("a script fails between `docker rm` and `docker run`", ("./deploy.sh",), script=FAILS),
    Way("a script removes webui, says that all is well and exits 0", ("./deploy.sh",), script=FORGETS),
)
ON_PURPOSE: Final = Way(
    "the first once more, but on purpose",
    UP,
    ("--retire", "webui", "--soak", "3s"),
    stack=LOST_FROM_FILE,
    ends=(COMMITTED,),
)


def main() -> int:
    return play(demonstrate)


def demonstrate(stack: ExitStack) -> None:
    """Play all ways; DemoFailed names those that did not end as they must."""
    stage = stack.enter_context(set_up())
    say(f"A stack db → api → webui runs as project {stage.project}; webui serves http://127.0.0.1:{stage.web_port}/.")
    stack.enter_context(daemon(stage))
    wait_for(lambda: proven(stage, *SERVICES), "the stack was not proven healthy")
    say("watchdog has proven db, api and webui healthy.")
    poller = stack.enter_context(polling(stage.web_port))
    wait_for(lambda: poller.serves, "webui does not serve")
    wrong = [way.title for number, way in enumerate(WAYS, 1) if not is_undone(stage, poller, number, way)]
    if not is_committed(stage, poller, len(WAYS) + 1):
        wrong.append(ON_PURPOSE.title)
    say(f"\n$ watchdog deployments\n{watchdog(stage, 'deployments')}")
    say(f"\n$ watchdog ledger verify\n{watchdog(stage, 'ledger', 'verify')}")
    if wrong:
        raise DemoFailed(f"Not as it must end: {'; '.join(wrong)}.")
    say("\nEach ended as it must. The stack, the daemon and its state are removed now.")


def is_undone(stage: Stage, poller: Poller, number: int, way: Way) -> bool:
    """Whether a deployment that loses webui was refused or rolled back, and everything is good again."""
    began = time.time()
    code = deploy(stage, number, way)
    wait_for(lambda: poller.serves, "webui does not serve again")
    say(f"\nExit code {code}. By the poller webui did not serve for {poller.not_serving(began):.2f} s.")
    show_evidence(stage)
    wait_for(lambda: proven(stage, *SERVICES), "the stack was not proven healthy again")
    return code in way.ends


def is_committed(stage: Stage, poller: Poller, number: int) -> bool:
    """Whether the removal that is meant was committed: webui is gone, and nobody brings it back."""
    code = deploy(stage, number, ON_PURPOSE)
    left = run("docker", "ps", "--all", "--quiet", "--filter", f"name={stage.webui}")
    say(f"\nExit code {code}. webui {'is still there' if left or poller.serves else 'is gone, as was meant'}.")
    show_evidence(stage)
    return code in ON_PURPOSE.ends and not left and proven(stage, *ON_PURPOSE.stack)


def deploy(stage: Stage, number: int, way: Way) -> int:
    """`watchdog deploy`, its words as a person sees them; returns the exit code."""
    say(f"\n== {number}. {way.title} ==")
    stage.write_stack(*way.stack)
    if way.script:
        script = stage.directory / "deploy.sh"
        script.write_text(
            way.script.format(webui=stage.webui, db=f"{stage.project}-db-1", port=stage.web_port, image=stage.image)
        )
        script.chmod(0o755)
        say(f"$ cat deploy.sh\n{script.read_text()}")
    else:
        say(f"compose.yaml names {' and '.join(way.stack)}.")
    say(f"$ watchdog deploy {' '.join((*way.options, '--', *way.command))}")
    path = f"{COMPOSE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(  # noqa: S603 - our own program
        [*WATCHDOG, "--config", str(stage.directory / "watchdog.toml"), "deploy", *way.options, "--", *way.command],
        cwd=stage.directory,
        env={**os.environ, "PATH": path},
        check=False,
    )
    stage.write_stack(*SERVICES)
    return done.returncode


def show_evidence(stage: Stage) -> None:
    (newest,) = json.loads(watchdog(stage, "deployments", "--limit", "1", "--json"))
    say(f"\n$ watchdog deployments {newest['id']}\n{watchdog(stage, 'deployments', str(newest['id']))}")


if __name__ == "__main__":
    sys.exit(main())
