"""What makes two lines of a log one kind of error, and when a kind is new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.codecs.states import ERRORS
from watchdog.policy.signatures import DAY, FORGOTTEN_AFTER, LONGEST, MOST, ErrorSeen, KnownErrors, digest, signature


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ERROR user 4711 not found", "ERROR user <n> not found"),
        ("2026-11-21T10:00:00.123Z ERROR x", "<n>-<n>-<n>T<n>Z ERROR x"),
        ("request 6ba7b810-9dad-11d1-80b4-00c04fd430c8 failed", "request <id> failed"),
        ("commit deadbeef1234 at 0xDEADBEEF", "commit <id> at <id>"),
        ("open /var/lib/data/x.db: no such file", "open <path> no such file"),
        ("GET https://shop.example/cart?id=1 timed out", "GET <path> timed out"),
        ("key \"user:1\" is `bad` and 'worse'", "key <text> is <text> and <text>"),
        ("can't open what isn't there", "can't open what isn't there"),
        ("\x1b[31mERROR\x1b[0m  at\t10.0.0.1:5432", "ERROR at <n>"),
        ("defaced facade", "defaced facade"),
        ("", ""),
    ],
)
def test_what_differs_between_occurrences_is_masked(line: str, kind: str) -> None:
    assert signature(line) == kind


@given(st.text(max_size=3000))
def test_a_signature_is_one_bounded_line_and_its_own_signature(line: str) -> None:
    kind = signature(line)
    assert len(kind) <= LONGEST
    assert kind.isprintable()
    assert not any(char.isascii() and char.isdigit() for char in kind)


WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=30)


@given(WORDS, WORDS, st.integers(), st.integers())
def test_numbers_make_no_difference(before: str, after: str, one: int, other: int) -> None:
    assert signature(f"{before} {one} {after}") == signature(f"{before} {other} {after}")


@given(WORDS, st.uuids(), st.uuids(), st.text(alphabet="abc/.", max_size=9), st.text(alphabet="abc/.", max_size=9))
def test_ids_and_paths_make_no_difference(words: str, one: object, other: object, path: str, name: str) -> None:
    assert signature(f"{words} {one} /x{path} end") == signature(f"{words} {other} /y{name} end")


@given(st.text(alphabet="/'\"`0123456789abcdef:.-<> ", min_size=900, max_size=1000))
def test_no_line_takes_long(line: str) -> None:
    assert signature(line) is not None


LEARNING = KnownErrors(learn_until=100.0)


def test_what_comes_while_it_learns_is_never_new() -> None:
    known = LEARNING.met("a", 99.0)
    assert not known.is_new("a", 99.0, 600)
    assert not known.met("a", 101.0).is_new("a", 101.0, 600)


def test_what_comes_first_after_that_is_new_for_its_time() -> None:
    known = LEARNING.met("a", 100.0)
    assert known.is_new("a", 100.0, 600)
    assert known.met("a", 650.0).is_new("a", 699.9, 600)
    assert not known.is_new("a", 700.0, 600)
    assert not known.is_new("b", 100.0, 600)


def test_an_occurrence_that_changes_nothing_that_is_kept_is_the_same_value() -> None:
    known = LEARNING.met("a", 100.0)
    assert known.met("a", 200.0) is known
    assert known.met("a", 100.0 + DAY).seen["a"] == ErrorSeen(100.0, 100.0 + DAY)


def full(last: float) -> KnownErrors:
    return KnownErrors(learn_until=0.0, seen={str(number): ErrorSeen(0.0, last) for number in range(MOST)})


def test_more_kinds_than_can_be_told_apart_are_not_told() -> None:
    known = full(last=1000.0)
    assert known.full
    assert known.met("another", 2000.0) is known


def test_kinds_that_were_not_seen_for_long_make_room() -> None:
    known = full(last=0.0).met("another", FORGOTTEN_AFTER)
    assert set(known.seen) == {"another"}
    assert not known.full


@given(st.floats(0, 1e10), st.dictionaries(st.text(), st.tuples(st.floats(0, 1e10), st.floats(0, 1e10))))
def test_what_is_known_survives_as_text(until: float, seen: dict[str, tuple[float, float]]) -> None:
    known = KnownErrors(learn_until=until, seen={kind: ErrorSeen(*when) for kind, when in seen.items()})
    again = ERRORS.load(ERRORS.dump(known))
    assert again == ERRORS.load(ERRORS.dump(again))
    assert again.seen.keys() == known.seen.keys()
    assert again.learn_until == pytest.approx(until, abs=1e-3)


@given(st.text() | st.sampled_from(["[]", "{}", "3", '{"seen": 3}', '{"seen": {"a": 1}}', '{"seen": {"a": ["x", 1]}}']))
def test_what_is_none_of_it_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ERRORS.load(text)


def test_a_digest_tells_kinds_apart() -> None:
    assert digest("a") != digest("b")
    assert digest("\ud800") == digest("\ud800")
