"""● Output of a container without a terminal, as the engine sends it: frames of standard output and standard error.

A frame is one byte for the stream (1 or 2), three of zero, four for the length (big-endian), and so many of content:
https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

HEADER: Final = struct.Struct(">BxxxI")
LONGEST: Final = 4096
"""Bytes of a line that are kept."""


@dataclass(slots=True)
class Frames:
    """Bytes in, content out with the number of its stream; chunks may end anywhere, also inside a frame."""

    _header: bytes = b""
    _stream: int = 0
    _left: int = 0

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        while chunk:
            if self._left == 0:
                missing = HEADER.size - len(self._header)
                self._header, chunk = self._header + chunk[:missing], chunk[missing:]
                if len(self._header) == HEADER.size:
                    self._stream, self._left = HEADER.unpack(self._header)
                    self._header = b""
                continue
            content, chunk = chunk[: self._left], chunk[self._left :]
            self._left -= len(content)
            found.append((self._stream, content))
        return found


@dataclass(slots=True)
class Lines:
    """Bytes in, whole lines out; of a line that is too long only the beginning is kept."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, content: bytes) -> list[bytes]:
        first, *others = content.split(b"\n")
        self._keep(first)
        found: list[bytes] = []
        for other in others:
            found.append(bytes(self._rest))
            self._rest.clear()
            self._keep(other)
        return found

    def _keep(self, part: bytes) -> None:
        self._rest += part[: max(0, LONGEST - len(self._rest))]
