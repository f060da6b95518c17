"""Does a name server say of a name what is expected?"""

from __future__ import annotations

import io
import ipaddress
from collections.abc import Iterable
from typing import Any, Final

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.resolver

from watchdog.model.observation import Verdict
from watchdog.model.probe.network import DnsProbe, DnsRcode, DnsType
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.context import ProberContext
from watchdog.probes.dns_sockets import VantageBackend
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.failures import explain
from watchdog.probes.names import silent
from watchdog.probes.network import endpoint, resolve, split_target

Server = tuple[str, int]
"""Address and port."""

TRIES: Final = 3
"""Of each server: a datagram may be lost."""

SHARE: Final = 0.9
"""Of the time that is left: what takes longer is told as the server's silence."""

SHOWN: Final = 200
"""Characters of the answers that are shown: they are a stranger's."""


def make(context: ProberContext) -> DnsProber:
    return DnsProber(context.evaluation)


class DnsProber:
    """Asks over UDP, and over TCP where the answer does not fit, for the name as it is, without search domains."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    async def __call__(self, ask: Ask[DnsProbe]) -> str:
        probe = ask.probe
        servers = await _servers(ask)
        try:
            query = dns.message.make_query(probe.dns, probe.type.value)
        except dns.exception.DNSException as error:
            raise ProbeFailure(FailureKind.NOT_ASKED, f"{probe.dns!r} is no name: correct the check") from error
        ask.enter(ProbePhase.PROCESSING)
        response = await _first_answer(ask, query, servers)
        ask.enter(None)
        return await _judge(ask, response, self._evaluation)


async def _servers(ask: Ask[DnsProbe]) -> tuple[Server, ...]:
    if ask.probe.server is not None:
        host, port = split_target(ask.probe.server)
        return tuple((address, port) for address in await resolve(ask, host))
    ask.enter(ProbePhase.RESOLVE)
    written: Any = dns.resolver.Resolver(configure=False)  # its types are only half known
    try:
        written.read_resolv_conf(io.StringIO(await ask.vantage.resolv_conf()))
    except dns.resolver.NoResolverConfiguration as error:
        raise ProbeFailure(
            FailureKind.RESOLVER, f"{ask.probe.dns} was not asked: no name server is configured"
        ) from error
    return tuple((str(address), 53) for address in written.nameservers)


async def _first_answer(
    ask: Ask[DnsProbe], query: dns.message.Message, servers: tuple[Server, ...]
) -> dns.message.Message:
    """Of the first server that answers; where none does, the FAIL tells more than the UNKNOWN."""
    missed: list[ProbeFailure] = []
    tries = servers * TRIES
    for left, (address, port) in zip(range(len(tries), 0, -1), tries, strict=True):
        ask.evidence["remote"] = where = endpoint(address, port)
        try:
            response, over_tcp = await dns.asyncquery.udp_with_fallback(
                query, address, SHARE * ask.seconds_left / left, port, backend=VantageBackend(ask.vantage)
            )
        except dns.exception.Timeout:
            missed.append(ProbeFailure(FailureKind.TIMEOUT, f"{where} does not answer for {ask.probe.dns}"))
        except (dns.exception.DNSException, EOFError, ValueError) as error:
            raise ProbeFailure(FailureKind.PROTOCOL, f"{where} does not speak DNS: {error}") from error
        except OSError as error:
            missed.append(explain(error, where, ask.vantage.name))
        else:
            ask.evidence["transport"] = "tcp" if over_tcp else "udp"
            return response
    told = next((failure for failure in missed if failure.kind.verdict is Verdict.FAIL), missed[0])
    if ask.probe.server is None:  # then the server is not what was asked for
        raise silent(ask.vantage.name, ask.probe.dns) from told
    raise told


async def _judge(ask: Ask[DnsProbe], response: dns.message.Message, evaluation: Evaluation) -> str:
    probe, remote = ask.probe, ask.evidence["remote"]
    rcode = dns.rcode.to_text(response.rcode())
    ask.evidence["rcode"] = rcode
    asked = f"{probe.type} of {probe.dns}"
    if rcode != probe.rcode.value:
        raise ProbeFailure(FailureKind.DNS_RCODE, f"{remote} answers {rcode} for {asked}; expected is {probe.rcode}")
    answers = _answers(response, probe.type, str(remote))
    shown = ", ".join(answers)[:SHOWN] or "nothing"
    ask.evidence["answers"] = shown
    wanted = {_spelled(one, probe.type) for one in probe.answers}
    if wanted and set(answers) != wanted:
        raise ProbeFailure(
            FailureKind.DNS_ANSWER,
            f"{remote} answers {shown} for {asked}; expected is {', '.join(sorted(wanted))[:SHOWN]}",
        )
    pattern = probe.answers_match
    if pattern is not None and not any([await evaluation.found(ask, one.encode(), pattern) for one in answers]):
        raise ProbeFailure(
            FailureKind.DNS_ANSWER, f"{remote} answers {shown} for {asked}; expected is {probe.answers_match!r}"
        )
    if rcode == DnsRcode.NOERROR.value and not answers:
        raise ProbeFailure(FailureKind.DNS_ANSWER, f"{remote} knows no {asked}")
    return f"{remote} answers {shown if answers else rcode} for {asked}"


def _answers(response: dns.message.Message, kind: DnsType, remote: str) -> list[str]:
    """As they are compared, in order; those at the end of a chain of CNAMEs."""
    try:
        found: Any = response.resolve_chaining() if isinstance(response, dns.message.QueryMessage) else None
    except dns.message.AnswerForNXDOMAIN:
        return []
    except (dns.exception.DNSException, ValueError) as error:
        raise ProbeFailure(FailureKind.PROTOCOL, f"{remote} answers in circles: {error}") from error
    records: Iterable[Any] = found.answer if found is not None and found.answer is not None else ()
    if kind is DnsType.TXT:
        return sorted(b"".join(record.strings).decode("utf-8", "replace") for record in records)
    return sorted(_spelled(record.to_text(), kind) for record in records)


def _spelled(text: str, kind: DnsType) -> str:
    """One spelling of what means the same: addresses made short, names in small letters without the last dot."""
    if kind is DnsType.TXT:
        return text
    if kind in {DnsType.A, DnsType.AAAA}:
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            return text
    return text.lower().removesuffix(".")
