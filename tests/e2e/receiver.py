"""A webhook of the tests' own, where a daemon in the lab's namespace can reach it."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Receiver:
    url: str
    got: list[Any] = field(default_factory=list[Any])
    """Bodies that it took, in the order of their arrival."""
    answers: threading.Event = field(default_factory=threading.Event)
    """While it is not set, a request hangs and is not taken."""

    @property
    def address(self) -> str:
        """`host:port`"""
        return self.url.removeprefix("http://").partition("/")[0]

    def states(self) -> list[str]:
        return [body["state"] for body in self.got]


@contextmanager
def receiver(address: str) -> Generator[Receiver]:
    """Listens on a free port of `address` until the block ends; answers 204 to every POST."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not here.answers.is_set():
                here.answers.wait(60.0)
                self.close_connection = True
                return
            here.got.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object, **_names: object) -> None:
            """Not on the tests' stderr."""

    server = ThreadingHTTPServer((address, 0), Handler)
    here = Receiver(f"http://{address}:{server.server_port}/alerts")
    here.answers.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield here
    finally:
        here.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
