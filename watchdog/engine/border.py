"""Where errors of the connection become sentences for people (law 5: no answer is no verdict)."""

from __future__ import annotations

import errno
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import aiohttp
from aiodocker.exceptions import DockerError

from watchdog.engine.fields import bounded
from watchdog.errors import Conflict, EngineError, EngineRefused, EngineUnavailable, NotFound

NO_CONNECTION: Final = 900
"""aiodocker's status for an engine that cannot be reached."""

CONTAINERD_AWAY: Final = "transport: Error while dialing"
"""In the engine's refusals while the one that runs its containers is away; versions continue differently."""


@contextmanager
def translated(host: str, seconds: float) -> Generator[None]:
    """Everything that a call within `seconds` can raise leaves this block as a child of EngineError."""
    try:
        yield
    except TimeoutError as error:
        raise EngineUnavailable(f"the engine at {host} did not answer within {seconds:g} s") from error
    except DockerError as error:
        raise _refusal(error, host) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _unavailable(host, error) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise EngineUnavailable(f"what answers at {host} is not a Docker engine: its answer is not JSON") from error


def _refusal(error: DockerError, host: str) -> EngineError:
    if error.status == NO_CONNECTION:
        return _unavailable(host, error.__cause__ or error.__context__ or error)
    message = bounded(str(error.message))
    if CONTAINERD_AWAY in message:
        return EngineUnavailable(f"the engine at {host} answers, but its containerd does not")
    match error.status:
        case 404:
            return NotFound(message)
        case 409:
            return Conflict(message)
        case _:
            return EngineRefused(f"the engine refused ({error.status}): {message}", error.status)


def _unavailable(host: str, error: BaseException) -> EngineUnavailable:
    reason = getattr(error, "os_error", error)
    match getattr(reason, "errno", None):
        case errno.EACCES | errno.EPERM:
            sentence = f"no permission on {host}: run as root or add the user to group docker, which equals root"
        case errno.ENOENT:
            sentence = f"no engine at {host}: there is no such socket; is Docker installed and started?"
        case errno.ECONNREFUSED:
            sentence = f"no engine at {host}: nobody listens; is the Docker daemon running?"
        case _:
            sentence = f"the engine at {host} cannot be reached: {bounded(str(reason) or type(reason).__name__)}"
    return EngineUnavailable(sentence)
