"""What was sent and what came back, for people to read: bounded, secrets masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from watchdog.model.observation import Exchange
from watchdog.probes.journey.masking import Mask
from watchdog.probes.request import Answer, Request

SHOWN: Final = 1024
"""Characters of a body that are kept."""

_SEARCHED: Final = 32_768
"""Characters of a body that are kept until it is masked: a secret on the edge is longer than what is shown."""

_SHOWN_VALUE: Final = 200
_SHOWN_HEADERS: Final = 20
_BRIEF: Final = 200
_BRIEF_VALUE: Final = 60
_BRIEF_HEADERS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request and its answer, if one came, with all their secrets."""

    request: Request
    answer: Answer | None
    text: str
    """The head of the answer's body."""
    seconds: float


def exchange(heard: Heard, mask: Mask, *, brief: bool) -> Exchange:
    """`brief` where the step passed: of a hundred steps the ledger keeps no more than it must."""
    shown, of_values, most = (_BRIEF, _BRIEF_VALUE, _BRIEF_HEADERS) if brief else (SHOWN, _SHOWN_VALUE, _SHOWN_HEADERS)
    request, answer = heard.request, heard.answer
    body = (request.body or b"")[:_SEARCHED].decode("utf-8", "replace")
    received = answer.headers.items() if answer is not None else ()
    return Exchange(
        method=request.method,
        url=mask.head(str(request.url), shown),
        sent=mask.headers(request.headers.items(), most, of_values),
        body=mask.head(body, shown),
        status=answer.status if answer is not None else None,
        received=mask.headers(received, most, of_values),
        answer=mask.head(heard.text, shown),
        seconds=heard.seconds,
    )
