"""Where the daemon answers: all that a command needs which asks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from watchdog.config.document import find_document
from watchdog.model.api import ApiSettings

_VARIABLE: Final = "WATCHDOG_API__SOCKET"
_PLAIN: Final = re.compile(r"/[A-Za-z0-9_./-]{1,255}")


def api_socket(path: Path | None, environ: Mapping[str, str]) -> Path:
    """`api.socket` as `load_settings` finds it, but for what is wrong elsewhere: judging that is the daemon's, and
    would take most of a short command's time. Raises ConfigurationError.
    """
    api = find_document(path, environ).values.get("api", {})
    table = cast("dict[str, Any]", api) if isinstance(api, dict) else {"socket": None}
    named = table.get("socket", str(ApiSettings().socket))
    written = environ.get(_VARIABLE) or named
    if isinstance(written, str) and _PLAIN.fullmatch(written):
        return Path(written)
    from watchdog.config.load import load_settings  # anything else is spelled out, or refused, in full

    return load_settings(path, environ).api.socket
