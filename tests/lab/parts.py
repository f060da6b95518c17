"""The programs beneath an engine, killed behind its back: containerd, and the shim that holds each container."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from tests.lab.engine import LabEngine


def kill_shim(engine: LabEngine, container: str) -> None:
    """SIGKILL of the parent of a container's first process, which takes the container along."""
    status = Path(f"/proc/{engine.inspect(container)['State']['Pid']}/status").read_text()
    parent = re.search(r"^PPid:\s+(\d+)$", status, re.MULTILINE)
    assert parent is not None, status
    assert "containerd-shim" in Path(f"/proc/{parent[1]}/cmdline").read_text()
    os.kill(int(parent[1]), signal.SIGKILL)


def kill_containerd(engine: LabEngine) -> None:
    """SIGKILL; containers live on, the engine answers on, and what containers do is not seen until `engine.start()`."""
    os.kill(engine.containerd_pid, signal.SIGKILL)
    os.waitid(os.P_PID, engine.containerd_pid, os.WEXITED | os.WNOWAIT)  # its status is for the engine to collect
