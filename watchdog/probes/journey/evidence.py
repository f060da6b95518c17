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


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request and its answer, if one came, with all their secrets."""

    request: Request
    answer: Answer | None
    text: str
    """The head of the answer's body."""
    seconds: float


def head_of(text: str) -> str:
    return text[:_SEARCHED]


def exchange(heard: Heard, mask: Mask) -> Exchange:
    request, answer = heard.request, heard.answer
    body = (request.body or b"")[:_SEARCHED].decode("utf-8", "replace")
    received = answer.headers.items() if answer is not None else ()
    return Exchange(
        method=request.method,
        url=mask.head(str(request.url), SHOWN),
        sent=mask.headers(request.headers.items(), _SHOWN_HEADERS, _SHOWN_VALUE),
        body=mask.head(body, SHOWN),
        status=answer.status if answer is not None else None,
        received=mask.headers(received, _SHOWN_HEADERS, _SHOWN_VALUE),
        answer=mask.head(heard.text, SHOWN),
        seconds=heard.seconds,
    )
