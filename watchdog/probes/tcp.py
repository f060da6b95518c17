"""Does something take the connection, and say what is expected?"""

from __future__ import annotations

import asyncio
import socket

from watchdog.model.probe.network import TcpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.context import ProberContext
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.failures import explain
from watchdog.probes.network import connect_tcp, first_to_connect, resolve, split_target

CHUNK = 65536


def make(context: ProberContext) -> TcpProber:
    return TcpProber(context.evaluation)


class TcpProber:
    """Connects, sends what is to be sent, reads until the expected was said, and hangs up."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    async def __call__(self, ask: Ask[TcpProbe]) -> str:
        probe = ask.probe
        host, port = split_target(probe.tcp)
        addresses = await resolve(ask, host)
        opened = await first_to_connect(
            ask, addresses, lambda address, seconds: connect_tcp(ask, address, port, seconds)
        )
        remote = str(ask.evidence["remote"])
        with opened:
            try:
                if probe.send is not None:
                    ask.enter(ProbePhase.PROCESSING)
                    await asyncio.get_running_loop().sock_sendall(opened, probe.send.encode())
                if probe.expect is None:
                    return f"{remote} takes connections"
                await self._hear(ask, opened, probe.expect)
            except OSError as error:
                raise explain(error, remote, ask.vantage.name) from error
        return f"{remote} says what is expected"

    async def _hear(self, ask: Ask[TcpProbe], opened: socket.socket, expect: str) -> None:
        """Until what was said so far matches; raises ProbeFailure when it ends, or is too much, without that."""
        said = bytearray()
        remote, limit = ask.evidence["remote"], ask.probe.max_bytes
        ask.evidence["bytes"] = 0
        ask.enter(ProbePhase.PROCESSING)
        while len(said) < limit:
            chunk = await asyncio.get_running_loop().sock_recv(opened, min(CHUNK, limit - len(said)))
            ask.enter(ProbePhase.TRANSFER)
            said += chunk
            ask.evidence["bytes"] = len(said)
            if await self._evaluation.found(ask, bytes(said), expect):
                return
            ask.enter(ProbePhase.TRANSFER)
            if not chunk:
                what = f"says {_quoted(said)} and hangs up" if said else "hangs up without a word"
                raise ProbeFailure(FailureKind.BODY, f"{remote} {what}; expected is {expect!r}")
        raise ProbeFailure(FailureKind.TOO_LARGE, f"the first {limit} bytes of {remote} have nothing like {expect!r}")


def _quoted(said: bytearray) -> str:
    return repr(said[:60].decode("utf-8", "replace"))
