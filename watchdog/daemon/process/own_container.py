"""What the daemon must know of itself: in which container it runs, so that it never acts on that one."""

from __future__ import annotations

import re
from pathlib import Path

_OWN_HOSTNAME = re.compile(
    r"/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf) /etc/(?:hostname|hosts|resolv\.conf) "
)
"""The root and the mount point of a line. Outside one sees other mounts from there: the memory that others share."""


def own_container(mountinfo: Path = Path("/proc/self/mountinfo")) -> str | None:
    """Full ID of the container that this process runs in, None outside one.

    The engine mounts a container's hostname and resolv.conf from a folder that is named after its ID.
    """
    try:
        found = _OWN_HOSTNAME.search(mountinfo.read_text())
    except OSError:
        return None
    return found[1] if found else None
