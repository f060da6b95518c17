"""Secrets and configs that Compose copied into a container's file system: they go with it, and nothing names them.

Compose does so for those with `content:` or `environment:`, between create and start, and stamps them with a whole
second (its tar header has no fraction). A program that writes a file leaves nanoseconds.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from watchdog.engine.fields import entries, section
from watchdog.engine.parse import moment
from watchdog.engine.transport import Transport

COMPOSE: Final = "com.docker.compose.project"
STAT: Final = "X-Docker-Container-Path-Stat"
DELETED: Final = 2
"""`Kind` of a path that the image has and the container has not."""
COPIED_WITHIN: Final = 60.0
"""Seconds after create; Compose copies at once."""
MOST_PATHS: Final = 64
"""Of a container that writes all over its file system only so many are looked at."""


async def copied_in(transport: Transport, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Their paths, for an inspected container; nothing for one that Compose did not make."""
    if COMPOSE not in section(found["Config"], "Labels"):
        return ()
    changes = await transport.get(f"containers/{found['Id']}/changes") or ()
    mounted = [str(mount["Destination"]) for mount in entries(found, "Mounts")]
    paths = candidates([change["Path"] for change in changes if change["Kind"] != DELETED], mounted)[:MOST_PATHS]
    query = f"containers/{found['Id']}/archive"
    stats = await asyncio.gather(*(transport.head(query, {"path": path}, STAT) for path in paths))
    created = moment(found["Created"]) or 0.0
    pairs = zip(paths, stats, strict=True)
    return tuple(path for path, stat in pairs if stat is not None and is_copied(_decoded(stat), created))


def candidates(changed: Sequence[str], mounted: Sequence[str]) -> list[str]:
    """● Changed paths with no changed path beneath, outside of mounts: files, as far as a list of paths tells."""
    folders = {str(parent) for path in changed for parent in PurePosixPath(path).parents}
    outside = (path for path in changed if not any(PurePosixPath(path).is_relative_to(mount) for mount in mounted))
    return sorted(path for path in outside if path not in folders)


def is_copied(stat: Mapping[str, Any], created: float) -> bool:
    """● A regular file, stamped with a whole second between its container's create and start."""
    modified = moment(str(stat["mtime"])) or 0.0
    regular = stat["mode"] >> 9 == 0  # Go's bits for anything else stand above the permissions
    return bool(regular and modified.is_integer() and int(created) - 1 <= modified <= created + COPIED_WITHIN)


def _decoded(header: str) -> Mapping[str, Any]:
    return json.loads(base64.b64decode(header))
