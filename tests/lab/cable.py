"""What lies between a daemon and its engine: a unix socket that can be cut, and events that can be tampered with."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Treatment = Callable[[bytes], list[bytes]]
"""What becomes of one event on its way: nothing, itself, or more."""

_END_OF_HEAD = b"\r\n\r\n"


@dataclass(slots=True)
class Cable:
    """Passes everything on, byte by byte, until it is told otherwise. One event is one chunk of the answer."""

    engine: Path
    socket_path: Path
    _cut: bool = False
    _severed: bool = False
    _treatment: Treatment | None = None
    _held: list[bytes] = field(default_factory=list[bytes])
    _streams: list[tuple[socket.socket, socket.socket]] = field(
        default_factory=list[tuple[socket.socket, socket.socket]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        return f"unix://{self.socket_path}"

    def cut(self) -> None:
        """Ends the event streams, and every new one at once; all other calls go on."""
        with self._lock:
            self._cut = True
            for ends in self._streams:
                _hang_up(*ends)
            self._streams.clear()

    def sever(self) -> None:
        """Ends everything: the engine is out of reach."""
        with self._lock:
            self._severed = True
        self.cut()

    def mend(self) -> None:
        self._cut = self._severed = False

    def lose(self) -> None:
        """The streams stay open, and no event comes through any more."""
        self._treatment = lambda _: []

    def garble(self) -> None:
        """Each event comes twice, and after the one that followed it."""
        waiting: list[bytes] = []

        def late_and_twice(event: bytes) -> list[bytes]:
            waiting.append(event)
            if len(waiting) == 1:
                return []
            first, second = waiting
            waiting.clear()
            return [second, first, first, second]

        self._treatment = late_and_twice

    def hold(self) -> None:
        """Keeps events back until `release`."""

        def keep(event: bytes) -> list[bytes]:
            self._held.append(event)
            return []

        self._treatment = keep

    def release(self) -> int:
        """Sends what was held, in its order; returns how many events that were."""
        with self._lock:
            self._treatment = None
            held, self._held = self._held, []
            for daemon, _ in self._streams:
                daemon.sendall(b"".join(held))
        return len(held)

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                daemon, _ = listening.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            try:
                engine.connect(str(self.engine))
            except OSError:
                _hang_up(daemon, engine)
                continue
            threading.Thread(target=self._pass_questions, args=(daemon, engine), daemon=True).start()

    def _pass_questions(self, daemon: socket.socket, engine: socket.socket) -> None:
        """A connection serves many questions in turn, and from the moment it is an event stream only that."""
        answers = threading.Thread(target=_pass_on, args=(engine, daemon), daemon=True)
        answers.start()
        with suppress(OSError):
            while (probe := daemon.recv(65536)) and not self._severed:
                asked = probe.split(b"\r\n", 1)[0]
                if b"/events?" in asked and b"until=" not in asked:
                    self._open_stream(daemon, engine, probe)
                    return
                engine.sendall(probe)
        _hang_up(daemon, engine)

    def _open_stream(self, daemon: socket.socket, engine: socket.socket, probe: bytes) -> None:
        """On a connection to the engine of its own, so that every byte of it goes through here."""
        with self._lock:
            if self._cut:
                _hang_up(daemon, engine)
                return
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(str(self.engine))
            self._streams.append((daemon, stream))
        stream.sendall(probe)
        with suppress(OSError):
            self._pass_events(stream, daemon)
        _hang_up(daemon, stream, engine)

    def _pass_events(self, stream: socket.socket, daemon: socket.socket) -> None:
        rest = b""
        while _END_OF_HEAD not in rest:
            rest += _received(stream)
        head, rest = rest.split(_END_OF_HEAD, 1)
        daemon.sendall(head + _END_OF_HEAD)
        while True:
            chunk, rest = _first_chunk(rest)
            if not chunk:
                rest += _received(stream)
                continue
            with self._lock:
                for passed in [chunk] if self._treatment is None else self._treatment(chunk):
                    daemon.sendall(passed)


def _received(stream: socket.socket) -> bytes:
    received = stream.recv(65536)
    if not received:
        raise ConnectionResetError
    return received


def _first_chunk(received: bytes) -> tuple[bytes, bytes]:
    """The first whole chunk (size, CRLF, content, CRLF) and what follows; nothing while it is not whole."""
    size, separator, _ = received.partition(b"\r\n")
    end = len(size) + 2 + int(size, 16) + 2 if separator else len(received) + 1
    return (received[:end], received[end:]) if end <= len(received) else (b"", received)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65536):
            target.sendall(received)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def cable_to(engine: Path, directory: Path) -> Generator[Cable]:
    """A cable to the engine's socket, in `directory`; gone when the block ends."""
    cable = Cable(engine, directory / "cable.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(cable.socket_path))
        listening.listen(64)
        threading.Thread(target=cable.serve, args=(listening,), daemon=True).start()
        yield cable
        listening.shutdown(socket.SHUT_RDWR)
        cable.cut()
