"""Does something take the connection?"""

from __future__ import annotations

from watchdog.model.question import TcpQuestion
from watchdog.probes.ask import Ask
from watchdog.probes.network import connect_tcp, first_to_connect, resolve, split_target


class TcpProbe:
    """Connects and hangs up; nothing is sent."""

    async def __call__(self, ask: Ask[TcpQuestion]) -> str:
        host, port = split_target(ask.question.tcp)
        addresses = await resolve(ask, host)
        opened = await first_to_connect(
            ask, addresses, lambda address, seconds: connect_tcp(ask, address, port, seconds)
        )
        opened.close()
        return f"{ask.evidence['remote']} takes connections"
