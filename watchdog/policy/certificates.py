"""One certificate that ends is one incident, however many endpoints present it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from watchdog.model.observation import Observation
from watchdog.policy.assess import ENDS_SOON, failure_class
from watchdog.policy.streak import Standing, Streak

EVIDENCE: Final = "certificate"
"""Of an observation: the SHA-256 of the certificate that was presented, in hex."""

OVER_ITS_TIME: Final = frozenset({ENDS_SOON, "tls_expired", "tls_not_yet_valid"})
"""Classes of failures that are the same wherever the certificate is presented: who asks by which name is no matter."""

_NAMED: Final = 10
"""So many others are named in a sentence."""


def failing_over(streak: Streak) -> str:
    """The certificate over whose time a check fails; '' where it passes, or fails over something else."""
    failure = streak.last_fail
    if failure is None or streak.standing is not Standing.FAILING or failure_class(streak) not in OVER_ITS_TIME:
        return ""
    return presented(failure)


def presented(observation: Observation) -> str:
    """The certificate that was presented; '' where there was none."""
    return str(observation.evidence.get(EVIDENCE) or "")


def told_with(sentence: str, others: Iterable[str]) -> str:
    """What is wrong with a certificate, with those that present the same one."""
    names = sorted(others)
    if not names:
        return sentence
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{sentence}; the same certificate is presented to {', '.join(names[:_NAMED])}{more}"
