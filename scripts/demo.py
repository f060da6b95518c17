"""The incident that this project exists for: a service of a small stack is removed and nobody puts it back.

The times come from outside: a poller that never stops asking webui over HTTP, and the daemon's ledger.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from datetime import datetime

from scripts.demo_stage import Poller, Stage, ask, daemon, play, polling, proven, run, say, set_up, wait_for, watchdog


def main() -> int:
    return play(demonstrate)


def demonstrate(stack: ExitStack) -> None:
    """Play the incident once and print the timeline."""
    stage = stack.enter_context(set_up())
    say(f"A stack db → api → webui runs as project {stage.project}; webui serves http://127.0.0.1:{stage.web_port}/.")
    stack.enter_context(daemon(stage))
    wait_for(lambda: proven(stage, "webui"), "webui was not proven healthy")
    say("watchdog has proven webui healthy and saved how to make it again.")
    before = run("docker", "inspect", "--format", "{{.Id}}", stage.webui)
    poller = stack.enter_context(polling(stage.web_port))
    wait_for(lambda: poller.serves, "webui does not serve")

    removed_at = time.time()
    run("docker", "rm", "--force", stage.webui)
    say(f"\n$ docker rm --force {stage.webui}\nNobody puts it back. After the absence grace (10 s) watchdog does:\n")
    incident = wait_for(lambda: closed_incident(stage, removed_at), "the incident was not closed")
    wait_for(lambda: poller.serves, "webui does not serve again")

    after = run("docker", "inspect", "--format", "{{.Id}}", stage.webui)
    print_timeline(stage, incident, poller, removed_at)
    say(f"\nContainer before {before[:12]}, now {after[:12]}: another incarnation of the same service.")
    say(f"\n$ watchdog show {incident}\n{watchdog(stage, 'show', str(incident))}")
    say(f"\n$ watchdog ledger verify\n{watchdog(stage, 'ledger', 'verify')}")
    say("\nThe stack, the daemon and its state are removed now.")


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


def closed_incident(stage: Stage, since: float) -> int | None:
    for incident in ask(stage, "/api/v1/incidents?limit=10")["incidents"]:
        if incident["subject"] == f"{stage.project}/webui" and incident["closed_at"] is not None:
            return incident["id"] if seconds(incident["closed_at"]) > since else None
    return None


def seconds(rfc3339: str) -> float:
    return datetime.fromisoformat(rfc3339).timestamp()


if __name__ == "__main__":
    sys.exit(main())
