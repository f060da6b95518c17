"""Output of containers in frames, however it is cut into chunks."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.multiplexed import HEADER, LONGEST, Frames, Lines

PARTS = st.lists(st.tuples(st.integers(1, 2), st.binary(max_size=40)))
CUTS = st.lists(st.integers(0, 200))


def cut(content: bytes, at: list[int]) -> list[bytes]:
    places = [0, *sorted(place for place in at if place < len(content)), len(content)]
    return [content[begin:end] for begin, end in itertools.pairwise(places)]


@given(PARTS, CUTS)
def test_content_comes_out_as_it_went_in(parts: list[tuple[int, bytes]], cuts: list[int]) -> None:
    sent = b"".join(HEADER.pack(stream, len(content)) + content for stream, content in parts)
    frames = Frames()
    heard = [part for chunk in cut(sent, cuts) for part in frames.feed(chunk)]
    for stream in (1, 2):
        expected = b"".join(content for number, content in parts if number == stream)
        assert b"".join(content for number, content in heard if number == stream) == expected


@given(st.lists(st.binary(max_size=50)))
def test_bytes_that_are_no_frames_harm_nobody(chunks: list[bytes]) -> None:
    frames = Frames()
    heard = sum(len(content) for chunk in chunks for _, content in frames.feed(chunk))
    assert heard <= sum(map(len, chunks))


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), CUTS)
def test_lines_come_out_whole(lines: list[bytes], cuts: list[int]) -> None:
    reader = Lines()
    sent = b"".join(line + b"\n" for line in lines)
    assert [line for chunk in cut(sent, cuts) for line in reader.feed(chunk)] == lines


def test_of_a_line_without_end_only_the_beginning_is_kept() -> None:
    reader = Lines()
    for _ in range(1000):
        assert reader.feed(b"x" * 1000) == []
    assert reader.feed(b"\nnext\n") == [b"x" * LONGEST, b"next"]
