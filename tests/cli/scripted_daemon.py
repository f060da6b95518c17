"""A daemon's API on a real unix socket that answers as scripted and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, cast


@dataclass(slots=True)
class Script:
    """Path → HTTP status and text, JSON object, or a list of objects for NDJSON; unknown paths answer 404."""

    socket: Path
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict[str, tuple[int, Any]])
    asked: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        # BaseHTTPRequestHandler wants an address with a host.
        return super().get_request()[0], ("unix", 0)


@contextmanager
def listening(path: Path) -> Generator[Script]:
    script = Script(path, {"/-/healthy": (200, "the loop makes progress")})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "null"))

        def _answer(self, body: Any) -> None:
            script.asked.append((self.path, body))
            unknown = (404, {"error": f"No route {self.path}.", "exit_code": 1})
            status, answer = script.answers.get(self.path.partition("?")[0], unknown)
            lines = cast("list[Any]", answer) if isinstance(answer, list) else [answer]
            texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
            content = "".join(f"{text}\n" for text in texts).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the overridden signature
            pass

    with _Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
