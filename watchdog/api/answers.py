"""What the API answers: JSON that any client can decode, and a sentence for each error."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import JSONResponse

from watchdog.errors import (
    EXIT_USAGE,
    EngineUnavailable,
    LedgerError,
    TooManySubscribers,
    UnknownApproval,
    UnknownDeployment,
    UnknownHeartbeat,
    UnknownIncident,
    UnknownService,
    WatchdogError,
)

_SENTENCE_LENGTH: Final = 4000
BUG: Final = "The daemon failed to answer; this is a bug in watchdog: please report what its log says about it."


class Json(JSONResponse):
    """ASCII only, so that no text that a container or a server made up can break the encoding."""

    def render(self, content: Any) -> bytes:
        return as_line(content).encode()


def as_line(content: Any) -> str:
    """JSON on one line; what JSON does not know, as infinity, becomes an error here and not at the client."""
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def error_json(error: WatchdogError) -> dict[str, Any]:
    """`candidates` is there where a name was unknown or ambiguous."""
    answer: dict[str, Any] = {"error": str(error)[:_SENTENCE_LENGTH], "exit_code": error.exit_code}
    if isinstance(error, UnknownService):
        answer["candidates"] = list(error.candidates)
    return answer


def refusal(error: WatchdogError) -> Json:
    """The answer to a request that an error ended."""
    return Json(error_json(error), _status(error))


def refused(sentence: str, status: int) -> Json:
    """The answer to a request that is itself wrong."""
    return Json({"error": sentence, "exit_code": EXIT_USAGE}, status)


def bug() -> Json:
    return Json({"error": BUG, "exit_code": 1}, 500)


def _status(error: WatchdogError) -> int:
    match error:
        case UnknownService() | UnknownIncident() | UnknownHeartbeat() | UnknownApproval() | UnknownDeployment():
            return 404
        case EngineUnavailable() | TooManySubscribers():
            return 503
        case LedgerError():
            return 500
        case WatchdogError(exit_code=code) if code == EXIT_USAGE:
            return 400
        case _:
            return 409
