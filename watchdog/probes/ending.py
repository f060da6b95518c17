"""Did the command end as expected? Exit code first, then what it printed."""

from __future__ import annotations

from typing import Final

from watchdog.model.inside import Ended
from watchdog.model.probe.inside import CommandProbe, ExecProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, printable
from watchdog.probes.evaluation import Evaluation

NOT_RUN: Final = frozenset({126, 127})
"""Exit codes by which shells and engines say that there is no such program, or none that may be run."""
SHOWN: Final = 200
"""Characters of the output that are kept as evidence."""
EndingAsk = Ask[ExecProbe] | Ask[CommandProbe]


def patience(ask: EndingAsk) -> float:
    """Seconds to wait for a command's end: what is left of its time, but for the moment in which it is killed."""
    return max(ask.seconds_left - 1.0, ask.seconds_left * 0.8)


async def judge(ask: EndingAsk, ended: Ended, evaluation: Evaluation, *, killed: bool) -> str:
    """The sentence of a PASS; raises ProbeFailure. `killed` says what became of a command that did not end."""
    probe, name = ask.probe, ask.check.target
    said = ended.output.decode("utf-8", "replace").strip()
    ask.evidence["output"] = printable(said[:SHOWN])
    if ended.exit_code is None:
        _did_not_end(ask, ended, killed=killed)
    ask.evidence["exit_code"] = ended.exit_code
    if ended.exit_code not in probe.exit_code:
        if ended.exit_code in NOT_RUN:
            raise ProbeFailure(FailureKind.NOT_ASKED, f"{name} cannot be run: {said or 'there is no such program'}")
        wanted = ", ".join(map(str, probe.exit_code))
        printed = f", printing {_quoted(said)}" if said else ""
        raise ProbeFailure(FailureKind.EXIT_CODE, f"{name} ends with {ended.exit_code}{printed}; expected is {wanted}")
    if probe.output_matches is not None and not await evaluation.found(ask, said.encode(), probe.output_matches):
        raise ProbeFailure(
            FailureKind.OUTPUT, f"{name} prints {_quoted(said)}, with nothing like {probe.output_matches!r}"
        )
    if probe.output is not None:
        wrong = await evaluation.wrong(ask, probe.output, said)
        if wrong is not None:
            raise ProbeFailure(FailureKind.OUTPUT, f"what {name} prints, {wrong}")
    return f"{name} ends with {ended.exit_code}" + (f" and prints {_quoted(said)}" if said else "")


def _did_not_end(ask: EndingAsk, ended: Ended, *, killed: bool) -> None:
    name = ask.check.target
    fate = "and was killed" if killed else "and goes on: it cannot be killed from here"
    if ended.too_much:
        raise ProbeFailure(FailureKind.TOO_LARGE, f"{name} printed more than {ask.probe.max_bytes} bytes {fate}")
    raise ProbeFailure(FailureKind.TIMEOUT, f"{name} did not end within {ask.check.timeout:g} s {fate}")


def _quoted(said: str) -> str:
    line = printable(said)
    return f"'{line[:80]}…'" if len(line) > 80 else f"'{line}'"  # noqa: PLR2004 - what a sentence bears
