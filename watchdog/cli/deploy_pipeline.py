"""`watchdog deploy begin`, `commit`, `rollback`, `checkpoint` and `release`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from watchdog.cli.command import Command, api_socket, operator
from watchdog.cli.deploy_options import limit_options, order_body
from watchdog.cli.orders import reason_option
from watchdog.cli.terminal import json_option, say
from watchdog.errors import UsageError, WatchdogError

if TYPE_CHECKING:
    from watchdog.cli.client import DaemonClient

TOKEN: Final = "WATCHDOG_DEPLOYMENT_TOKEN"  # noqa: S105 - the name of a variable
NUMBER: Final = "WATCHDOG_DEPLOYMENT"
_GONE: Final = "in the middle of the deployment: `watchdog deployments` tells what became of it."
_VALIDATES: Final = 3600.0
"""Seconds that a checkpoint may take."""

Events = Callable[["DaemonClient"], AsyncGenerator[Mapping[str, Any]]]


def _begin(*, token_file: Path | None, as_json: bool, **options: Any) -> int:
    body = order_body(options, operator())
    token = asyncio.run(_follow_to_go(body, as_json=as_json))
    if token is None:
        return 3
    if token_file is None:
        if not as_json:
            click.echo(token)
        return 0
    try:
        descriptor = os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{token}\n")
    except OSError as error:
        asyncio.run(_follow(lambda client: _with_token(client, "rollback", token), as_json=as_json))
        raise UsageError(f"The token cannot be written to {token_file}: {error.strerror}; rolled back.") from error
    return 0


async def _follow_to_go(body: Mapping[str, Any], *, as_json: bool) -> str | None:
    from watchdog.cli.client import DaemonClient
    from watchdog.cli.deploy_command import SILENCE
    from watchdog.cli.deploy_events import printer

    tell = printer(as_json=as_json, to_stderr=True)
    async with DaemonClient(api_socket()) as client:
        async for event in client.events("/api/v1/deployments/begin", body, silence=SILENCE, gone=_GONE):
            tell(event)
            if event["event"] == "go":
                return event["token"]
    return None


def _commit(*, token_file: Path | None, as_json: bool) -> int:
    token = _token(token_file)
    return asyncio.run(_follow(lambda client: _with_token(client, "commit", token), as_json=as_json))


def _rollback(*, number: int | None, token_file: Path | None, as_json: bool) -> int:
    if number is not None:
        path, body = f"/api/v1/deployments/{number}/rollback", {"by": operator()}
        return asyncio.run(_follow(lambda client: _events(client, path, body), as_json=as_json))
    token = _token(token_file)
    return asyncio.run(_follow(lambda client: _with_token(client, "rollback", token), as_json=as_json))


def _checkpoint(*, as_json: bool) -> int:
    number = os.environ.get(NUMBER, "")
    if not number.isdecimal():
        raise UsageError(f"A checkpoint stands inside a deployment's command, where {NUMBER} says which one.")
    return asyncio.run(_ask_checkpoint(number, as_json=as_json))


async def _ask_checkpoint(number: str, *, as_json: bool) -> int:
    from watchdog.cli.client import DaemonClient
    from watchdog.cli.deploy_events import printer

    tell = printer(as_json=as_json)
    async with DaemonClient(api_socket()) as client:
        answer = await client.post(f"/api/v1/deployments/{number}/checkpoint", {}, silence=_VALIDATES)
    for gate in answer["gates"]:
        tell({"event": "gate", **gate})
    return 0 if all(gate["passed"] or not gate["proofs"] for gate in answer["gates"]) else 1


def _release(*, number: int, reason: str) -> int:
    async def release() -> str:
        from watchdog.cli.client import DaemonClient

        async with DaemonClient(api_socket()) as client:
            body = {"by": operator(), "reason": reason}
            return (await client.post(f"/api/v1/deployments/{number}/release", body))["sentence"]

    say(asyncio.run(release()))
    return 0


def _with_token(client: DaemonClient, verb: str, token: str) -> AsyncGenerator[Mapping[str, Any]]:
    return _events(client, f"/api/v1/deployments/{verb}", {"by": operator(), "token": token})


def _events(client: DaemonClient, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any]]:
    from watchdog.cli.deploy_command import SILENCE

    return client.events(path, body, silence=SILENCE, gone=_GONE)


async def _follow(events: Events, *, as_json: bool) -> int:
    from watchdog.cli.client import BrokeOff, DaemonClient
    from watchdog.cli.deploy_events import printer

    tell = printer(as_json=as_json)
    try:
        async with DaemonClient(api_socket()) as client:
            async for event in events(client):
                tell(event)
                if event["event"] == "end":
                    return event["exit_code"]
    except BrokeOff as error:
        error.exit_code = 2
        raise
    raise WatchdogError(f"The daemon broke off {_GONE}")


def _token(file: Path | None) -> str:
    if file is None:
        token = os.environ.get(TOKEN, "")
        if not token:
            raise UsageError(f"No token: set {TOKEN}, or name --token-file as it was given to `deploy begin`.")
        return token
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The token cannot be read from {file}: {error}.") from error


def _token_option(why: str) -> click.Option:
    return click.Option(["--token-file"], type=click.Path(path_type=Path), metavar="PATH", help=why)


_ENDS: Final = MappingProxyType(
    {
        0: "committed",
        1: "rolled back and verified",
        2: "needs a person: see `watchdog deployments`",
        3: "refused: the token is wrong, used or expired; no daemon runs",
        64: "wrong arguments",
    }
)
_READS: Final = f"Where the token stands; else {TOKEN} holds it."

PIPELINE: Final = (
    Command(
        "begin",
        help="Open a deployment for a pipeline that cannot wrap its command: preflight, baseline, announcement.\n\n"
        f"The token that ends it is printed alone on standard output, for {TOKEN}, or written to a file. It is good "
        "once, for this user, until --timeout is over; then everything is rolled back.",
        short_help="Open a deployment; prints the token that ends it.",
        callback=_begin,
        params=[
            *limit_options(),
            click.Option(["--no-wait"], is_flag=True, help="Refuse (3) while another deployment is open; else wait."),
            _token_option("Write the token there (0600) instead of printing it."),
            json_option("one object per event and line"),
        ],
        exits={0: "open: change what it covers, then commit", 3: "refused, nothing was touched", 64: "wrong arguments"},
        examples=((f"export {TOKEN}=$(watchdog deploy begin --services shop/web)", "in a pipeline"),),
    ),
    Command(
        "commit",
        help="Validate, watch and commit what was begun; what is not proven is rolled back.",
        short_help="Validate and commit what was begun.",
        callback=_commit,
        params=[_token_option(_READS), json_option("one object per event and line")],
        exits=_ENDS,
        examples=(("watchdog deploy commit --token-file /run/deploy.token", "once the pipeline is done"),),
    ),
    Command(
        "rollback",
        help="Roll back what was begun. With a number: break off that deployment, or order the rollback of one that "
        "needs a person again.",
        short_help="Roll back an open deployment, or one that needs a person.",
        callback=_rollback,
        params=[
            click.Argument(["number"], type=click.IntRange(min=1), required=False, metavar="[NUMBER]"),
            _token_option(_READS),
            json_option("one object per event and line"),
        ],
        exits=_ENDS,
        examples=(
            ("watchdog deploy rollback", "what the pipeline began"),
            ("watchdog deploy rollback 12", "a person breaks it off, or tries again"),
        ),
    ),
    Command(
        "checkpoint",
        help="Inside a deployment's command: validate what it has changed so far. What fails rolls it back.",
        short_help="Validate in the middle of a deployment's command.",
        callback=_checkpoint,
        params=[json_option("one object per gate and line")],
        exits={0: "good so far", 1: "not good: the deployment is rolled back", 3: "no deployment is open", 64: "usage"},
        examples=(("watchdog deploy -- sh -c './first && watchdog deploy checkpoint && ./second'", "half-way"),),
    ),
    Command(
        "release",
        help="Take over what a deployment left behind that could not be rolled back: recovery acts there again.",
        short_help="Take over what a stuck deployment left behind.",
        callback=_release,
        params=[
            click.Argument(["number"], type=click.IntRange(min=1), metavar="NUMBER"),
            reason_option("What was done about it; recorded."),
        ],
        exits={0: "released", 3: "no daemon runs", 64: "that deployment does not wait for a person"},
        examples=(('watchdog deploy release 12 --reason "the volume is restored"', "recovery acts there again"),),
    ),
)
