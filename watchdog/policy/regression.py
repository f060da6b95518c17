"""Whether a service became worse by a change: thresholds and their reasons are in docs/regression.md."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Final

from watchdog.model.identity import ServiceKey
from watchdog.model.regression import Regression, RegressionKind, Run, Sample
from watchdog.policy.signatures import MOST, digest, signature

FEWEST: Final = 8
"""Answers on each side: with fewer, even the clearest difference does not reach the probability that is asked for."""
MOST_BY_CHANCE: Final = 0.001
"""Probability that two samples of one distribution look like this, above which nothing is called slower."""
TIMES_SLOWER: Final = 1.5
SECONDS_SLOWER: Final = 0.020

ERROR_LINE: Final = re.compile("(?i)error|exception|panic|fatal")
EXAMPLES: Final = 5

FULL: Final = 0.9
"""Part of its limit, as `max_memory` of the check `resources` has it by default."""
TIMES_MORE: Final = 2
BYTES_MORE: Final = 64 * 1024 * 1024

_SERVER_ERROR: Final = 500
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Slower:
    """Medians are seconds; `p` is the one-sided probability that this is chance."""

    before: float
    after: float
    p: float
    answers_before: int
    answers_after: int

    @property
    def sentence(self) -> str:
        return (
            f"answers in {self.after * 1000:.0f} ms (median of {self.answers_after}), before the change in"
            f" {self.before * 1000:.0f} ms (median of {self.answers_before}); p = {self.p:.1g}"
        )


def slower(before: Sequence[float], after: Sequence[float]) -> Slower | None:
    """Whether the seconds after are longer than those before; None where they are not, or where there are `too_few`."""
    if too_few(before, after):
        return None
    was, now = median(before), median(after)
    if now < was * TIMES_SLOWER or now - was < SECONDS_SLOWER:
        return None
    p = chance(before, after)
    return Slower(was, now, p, len(before), len(after)) if p < MOST_BY_CHANCE else None


def too_few(before: Sequence[float], after: Sequence[float]) -> str:
    """Why latencies cannot be compared; empty where they can."""
    if min(len(before), len(after)) >= FEWEST:
        return ""
    return f"{len(before)} answers before and {len(after)} after the change are too few: each side needs {FEWEST}"


def rank_sum(before: Sequence[float], after: Sequence[float]) -> float:
    """U of Mann and Whitney: the pairs in which the one after is longer, a tie counts as a half."""
    below, u = 0, 0.0
    counts = Counter(before), Counter(after)
    for seconds in sorted({*before, *after}):
        earlier, later = (count[seconds] for count in counts)
        u += later * (below + earlier / 2)
        below += earlier
    return u


def chance(before: Sequence[float], after: Sequence[float]) -> float:
    """One-sided p of the rank sum test, by the normal approximation, corrected for ties and for continuity.

    H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the
    other, Annals of Mathematical Statistics 18 (1947), 50-60. No shape of distribution is assumed: latencies have long
    tails. Neither side may be empty.
    """
    pairs, both = len(before) * len(after), len(before) + len(after)
    ties = sum(count**3 - count for count in Counter((*before, *after)).values())
    variance = pairs / 12 * (both + 1 - ties / (both * (both - 1)))
    if variance <= 0:  # all are the same
        return 1.0
    z = (rank_sum(before, after) - pairs / 2 - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2)) / 2


@dataclass(frozen=True, slots=True)
class NewError:
    """`example` is the signature: parts of a line may be nobody's business."""

    digest: str
    example: str


def error_kinds(lines: Iterable[str]) -> Mapping[str, str]:
    """Digest → signature of the lines that tell of an error, at most 500 kinds."""
    kinds: dict[str, str] = {}
    for line in lines:
        if ERROR_LINE.search(line) and len(kinds) < MOST:
            kind = signature(line)
            kinds.setdefault(digest(kind), kind)
    return kinds


def new_errors(before: frozenset[str], lines: Iterable[str]) -> tuple[NewError, ...]:
    """The kinds of error among the lines whose digests are not known, as they came."""
    return tuple(NewError(kind, example) for kind, example in error_kinds(lines).items() if kind not in before)


def server_errors(before: Sequence[int], after: Sequence[int]) -> str:
    """What to say of statuses of 500 and more where there were none before; empty where there is nothing to say."""
    failed = [status for status in after if status >= _SERVER_ERROR]
    if not failed or any(status >= _SERVER_ERROR for status in before):
        return ""
    was = f"none of {_counted(before)} was a server error" if before else "it was not seen to answer"
    return f"answers {failed[0]} ({len(failed)} of {_counted(after)}); before the change {was}"


def _counted(answers: Sequence[int]) -> str:
    return f"{len(answers)} answer{'' if len(answers) == 1 else 's'}"


def restarts(runs: Sequence[Run]) -> str:
    """How often one and the same container was started again between looks; empty where it was not."""
    again = 0
    for _, looks in groupby(runs, lambda run: run.container):
        for earlier, later in pairwise(looks):
            counted = max(later.restart_count - earlier.restart_count, 0)
            again += counted or int(later.started_at != earlier.started_at)
    times = "once" if again == 1 else f"{again} times"
    return f"was started again {times} since the change" if again else ""


def memory(before: Sample, after: Sample) -> str:
    """What to say of the memory that is used; empty where there is nothing to say, or it was not seen on both sides."""
    if before.memory is None or after.memory is None:
        return ""
    was, now = _share(before.memory, before.memory_limit), _share(after.memory, after.memory_limit)
    uses = f"uses {_mib(after.memory)} of memory, before the change {_mib(before.memory)}"
    if was < FULL <= now:
        return f"{uses}: {now:.0%} of its limit"
    if after.memory > before.memory * TIMES_MORE and after.memory - before.memory > BYTES_MORE:
        return uses
    return ""


def _share(used: int, limit: int | None) -> float:
    return used / limit if limit else 0.0


def _mib(size: int) -> str:
    return f"{size / _MIB:.0f} MiB"


def compare(before: Sample, after: Sample) -> tuple[Regression, ...]:
    """All that became worse: by endpoint first, then of the service itself."""
    return (
        *_by_endpoint(RegressionKind.SERVER_ERRORS, _endpoint_errors(before, after)),
        *_by_endpoint(RegressionKind.LATENCY, _endpoint_latencies(before, after)),
        *_of_service(after.service, RegressionKind.NEW_ERRORS, _log(before, after)),
        *_of_service(after.service, RegressionKind.RESTARTS, restarts(after.runs)),
        *_of_service(after.service, RegressionKind.MEMORY, memory(before, after)),
    )


def not_compared(before: Sample, after: Sample) -> tuple[str, ...]:
    """A sentence for each endpoint whose latency cannot be compared."""
    reasons = {name: too_few(before.latencies.get(name, ()), seconds) for name, seconds in after.latencies.items()}
    return tuple(f"the latency of {name} is not compared: {why}" for name, why in sorted(reasons.items()) if why)


def _endpoint_errors(before: Sample, after: Sample) -> Mapping[str, str]:
    return {name: server_errors(before.statuses.get(name, ()), statuses) for name, statuses in after.statuses.items()}


def _endpoint_latencies(before: Sample, after: Sample) -> Mapping[str, str]:
    found = {name: slower(before.latencies.get(name, ()), seconds) for name, seconds in after.latencies.items()}
    return {name: worse.sentence for name, worse in found.items() if worse}


def _log(before: Sample, after: Sample) -> str:
    new = new_errors(before.errors, after.lines)
    if not new:
        return ""
    more = f" (and {len(new) - EXAMPLES} more)" if len(new) > EXAMPLES else ""
    kinds = "a kind" if len(new) == 1 else f"{len(new)} kinds"
    return f"logs {kinds} of error not seen before the change{more}: {'; '.join(one.example for one in new[:EXAMPLES])}"


def _by_endpoint(kind: RegressionKind, said: Mapping[str, str]) -> Iterable[Regression]:
    for name, sentence in sorted(said.items()):
        if sentence:
            yield Regression(kind=kind, subject=name, sentence=f"{name} {sentence}")


def _of_service(service: ServiceKey, kind: RegressionKind, said: str) -> Iterable[Regression]:
    if said:
        yield Regression(kind=kind, subject=str(service), sentence=f"{service} {said}")
