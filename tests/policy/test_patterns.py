"""Regular expressions of Python, searched for in linear time wherever that can be."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from watchdog.policy.patterns import Backtracking, backtracking, read_pattern

ATOMS = st.sampled_from(
    [
        *("a", "b", "ß", "é", "1", "_", " ", "\\n", ".", "\\.", "-", "\\x41", "\\u00e9", "\\t"),
        *(
            "\\d",
            "\\D",
            "\\w",
            "\\W",
            "\\s",
            "\\S",
            "[ab]",
            "[^ab]",
            "[a-f1]",
            "[^\\d]",
            "[\\w-]",
            "[^\\W]",
            "[\\s\\S]",
        ),
        *("[\\D1]", "[]x]", "[^]x]", "[a\\-z]", "^", "$", "\\A", "\\Z", "\\b", "\\B"),
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{,2}", "{2,}?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        inner.map(lambda one: f"({one})"),
        st.tuples(st.sampled_from(["(?i:", "(?s:", "(?m:", "(?-i:"]), inner).map(lambda two: f"{two[0]}{two[1]})"),
    ),
    max_leaves=8,
)
FLAGS = st.sampled_from(["", "(?i)", "(?m)", "(?s)", "(?a)", "(?x)", "(?ims)"])
TEXTS = st.text(alphabet="aAbBß\u00e9E1_ -.\n\t\x1c\u2003\u0663x", max_size=12)
NOT_LINEAR = {
    r"a(?=b)": "look-around",
    r"(?<!a)b": "look-around",
    r"(a)\1": "a back-reference",
    r"(a)?(?(1)b|c)": "a condition on a group",
    r"(?>a*)b": "an atomic group",
    r"a*+b": "a possessive repetition",
    r"a{2000}": "more repetitions than a thousand",
    r"(?:a{100}){100}": "more repetitions than a thousand",
    r"a$b?": "a $ that something may follow",
    r"[^\W_]": "a set that leaves something out of \\W, \\D or \\S",
    "\\ud800": "half a character",
}


@given(flags=FLAGS, pattern=PATTERNS, text=TEXTS)
@example(flags="", pattern="^ok$", text="ok\n")
@example(flags="", pattern="(?:a|b$)", text="b\n")
def test_what_is_found_is_what_python_finds(flags: str, pattern: str, text: str) -> None:
    written = flags + pattern
    assume(text.isascii() or not re.search(r"\\[bB]", pattern) or flags == "(?a)")
    assume(text or "\\B" not in pattern)  # Python itself changed its mind about that in 3.14
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = re.search(written, text) is not None
        found = read_pattern(written)
        with backtracking():
            assert found.found(text) == wanted, (written, text)


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "a",
            "[^a]",
            ".",
            "(?s).",
            "[a-c1]",
            "[^a-c]",
            r"[\D1]",
            r"[\W\S]",
            r"[^\W]",
            r"\d",
            r"\w+",
            r"\s",
            r"(?a)\s",
        ),
        *(
            "^b",
            "(?m)^b",
            r"\Ab",
            "b$",
            "(?m)b$",
            r"b\Z",
            r"\bb",
            r"\Bb",
            "a|b",
            "(?:a|b)",
            "(?i:A)b",
            "a??b",
            "b{1,2}",
        ),
    ],
)
@pytest.mark.parametrize("text", ["", "a", "b\n", "ab", "a\nb", "1 b", "\u0663\u2003b", "B\x1c"])
def test_every_kind_of_expression(pattern: str, text: str) -> None:
    assert read_pattern(pattern).found(text) is (re.search(pattern, text) is not None)


@given(pattern=PATTERNS, text=TEXTS)
def test_what_is_captured_is_what_python_captures(pattern: str, text: str) -> None:
    assume(text.isascii() or not re.search(r"\\[bB]", pattern))
    assume(text or "\\B" not in pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = f"({pattern})"
        wanted = re.search(written, text)
        with backtracking():
            found = read_pattern(written, captures=True).capture(text)
    assert found == (wanted[1] if wanted is not None else None)


def test_a_capture_is_the_first_group_or_the_whole() -> None:
    assert read_pattern("b(c)?", captures=True).capture("abcd") == "c"
    assert read_pattern("b(x)?", captures=True).capture("abcd") == ""
    assert read_pattern("bc", captures=True).capture("abcd") == "bc"
    assert read_pattern("bd", captures=True).capture("abcd") is None
    assert read_pattern("([a-z]+$)").found("ok\n")
    with backtracking():
        assert read_pattern("([a-z]+$)", captures=True).capture("ok\n") == "ok"


@pytest.mark.parametrize(("pattern", "why"), NOT_LINEAR.items())
def test_what_takes_backtracking_is_never_searched_for_in_this_process(pattern: str, why: str) -> None:
    found = read_pattern(pattern)
    assert found.not_linear == why
    with pytest.raises(Backtracking):
        found.found("aab")
    assert found.cost(1, ascii_text=True) == float("inf")
    with backtracking():
        assert found.found("aab") is (re.search(pattern, "aab") is not None)


@pytest.mark.parametrize("pattern", ["(", "a{3,2}", "[z-a]", "(?<=a+)b", "(?P<1>a)", "\\", "(?z)", "a**"])
def test_what_python_does_not_read_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_pattern(pattern)


def test_an_attack_takes_no_time() -> None:
    began = time.monotonic()
    assert not read_pattern("^(a+)+$").found("a" * 50_000 + "!")
    assert not read_pattern("(x+x+)+y").found("x" * 50_000)
    assert not read_pattern("^(([a-z])+.)+[A-Z]([a-z])+$").found("a" * 50_000)
    assert time.monotonic() - began < 5.0, "exponential, it would outlast the sun"


def test_half_a_character_in_a_text_is_none_of_a_pattern() -> None:
    assert read_pattern("ok").found("\ud800 ok")
    assert not read_pattern("nok").found("\ud800 ok")


def test_a_text_of_ascii_takes_fewer_steps() -> None:
    words = read_pattern(r"\w+@\w+")
    assert str(words) == r"\w+@\w+"
    assert words.cost(1000, ascii_text=True) * 10 < words.cost(1000, ascii_text=False)
