"""Reads as much of a body as was agreed and no more, whatever it claims or unpacks to."""

from __future__ import annotations

import zlib
from typing import Final

HEAD: Final = 32_768
"""Bytes."""


class BoundedBody:
    """Collects the chunks of a body, unpacked when `encoding` is gzip or deflate, up to `limit` bytes.

    Other encodings were never asked for and stay as they are. Raises zlib.error for broken packing.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()
        self._received = 0
        packed = encoding.strip().lower() in {"gzip", "x-gzip", "deflate"}
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None  # 32: gzip or zlib header

    def feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        left = self._limit - len(self._content)
        if left > 0:  # zlib takes 0 for "no limit"
            self._content += chunk[:left] if self._unpack is None else self._unpack.decompress(chunk, left)

    @property
    def full(self) -> bool:
        """Nothing more is to be read: unpacked or as received, the limit is reached."""
        return max(len(self._content), self._received) >= self._limit

    @property
    def size(self) -> int:
        return len(self._content)

    @property
    def content(self) -> bytearray:
        """What is a stranger's: `probes.judging` reads it."""
        return self._content

    @property
    def head(self) -> str:
        """As much of its beginning as is evidence, with U+FFFD for what is no UTF-8."""
        return self._content[:HEAD].decode("utf-8", "replace")
