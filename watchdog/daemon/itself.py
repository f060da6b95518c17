"""What the daemon must know of itself: in which container it runs, so that it never acts on that one."""

from __future__ import annotations

import re
from pathlib import Path

_CONTAINER = re.compile(
    r"^\S+ \S+ \S+ \S*/containers/([0-9a-f]{64})/(hostname|hosts|resolv\.conf) /etc/\2 ", re.MULTILINE
)
"""Field 4 is what is mounted, 5 where. On the host, too, folders of containers are mounted (shared IPC)."""


def own_container(mountinfo: Path = Path("/proc/self/mountinfo")) -> str | None:
    """Full ID of the container that this process runs in, None outside one.

    The engine mounts a container's hostname, hosts and resolv.conf from a folder that is named after its ID.
    """
    try:
        found = _CONTAINER.search(mountinfo.read_text())
    except OSError:
        return None
    return found[1] if found else None
