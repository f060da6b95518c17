"""Debian's redis-server in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.eventually import eventually_sync


@contextmanager
def redis_server(directory: Path) -> Generator[str]:
    """The URL of an empty server on a socket in the directory. Where there is none the test fails in CI."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is required here (Debian's redis-server)", pytrace=False)
        pytest.skip("no redis-server")
    socket = directory / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(directory)]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        eventually_sync(socket.exists)
        yield f"unix://{socket}"
    finally:
        server.kill()
        server.wait()
