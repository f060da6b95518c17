from __future__ import annotations

import tomllib
from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watchdog.config.positions import KeyPath, key_lines

DOCUMENT = '''\
# a = 1
top = """
[not.a.table]
x = 1 \\""" still
"""
"quoted # key" . 'lit.eral' = '# no comment'
[a.b]   # [c]
  list = [ 1, # ]
    "],",
    { in = """a"b""", deep = [ [ 1 ],
      [ 2 ] ] } ]
when = 1979-05-27 07:32:00
[[svc]]
[svc.sub]
k = 1
[[svc]]
n.m = 2
[[svc.check]]
name = \'\'\'
'' \'\'\'\'\'
[[svc.check]]
name = 2
[svc.sub]
k = """""a"""""
'''

LINES: dict[KeyPath, int] = {
    ("top",): 2,
    ("quoted # key", "lit.eral"): 6,
    ("a", "b"): 7,
    ("a", "b", "list"): 8,
    ("a", "b", "list", 0): 8,
    ("a", "b", "list", 1): 9,
    ("a", "b", "list", 2, "in"): 10,
    ("a", "b", "list", 2, "deep", 0, 0): 10,
    ("a", "b", "list", 2, "deep", 1, 0): 11,
    ("a", "b", "when"): 12,
    ("svc", 0): 13,
    ("svc", 0, "sub", "k"): 15,
    ("svc", 1): 16,
    ("svc", 1, "n", "m"): 17,
    ("svc", 1, "check", 0, "name"): 19,
    ("svc", 1, "check", 1): 21,
    ("svc", 1, "check", 1, "name"): 22,
    ("svc", 1, "sub", "k"): 24,
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_is_found_on_its_line(newline: str) -> None:
    text = DOCUMENT.replace("\n", newline)
    tomllib.loads(text)
    assert LINES.items() <= key_lines(text).items()


@pytest.mark.parametrize("text", ["[a", "a", "a = ", 'a = "x', "= 1", "a = {b", "a = [1", '"""'])
def test_what_is_not_toml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not TOML|line \d+"):
        key_lines(text)


@dataclass
class Written:
    """A TOML text under construction, and the line of each key that was written into it."""

    text: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict[KeyPath, int])


TRIVIA = st.sampled_from(["", "\n", '# [x] = \'y\' """\n', "  \t\n\r\n"])
INSIDE = st.text(st.sampled_from("ab\"'#[]{}=,.\\ \n"), max_size=8)
SCALAR = st.one_of(
    st.sampled_from(["1", "-0x1f".replace("-", ""), "1_000.5e3", "true", "07:32:00", "1979-05-27 07:32:00Z", "inf"]),
    INSIDE.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'),
    INSIDE.map(lambda text: '"""' + text.replace("\\", "\\\\").replace('"""', '""\\"') + '"""'),
    INSIDE.map(lambda text: "'''" + text.replace("'''", "''") + "'''"),
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(st.tuples(TRIVIA, inner, TRIVIA), max_size=3).map(lambda items: f"[{','.join(map(''.join, items))}]"),
        st.dictionaries(st.sampled_from("xyz"), inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(TRIVIA, st.sampled_from(["key", "table", "array"]), VALUE), max_size=8))
def test_keys_are_found_between_any_values_and_comments(statements: list[tuple[str, str, str]]) -> None:
    written, table = Written(), KeyPath()
    for number, (trivia, kind, value) in enumerate(statements):
        written.text += trivia if trivia.endswith("\n") else f"{trivia}\n"
        line = written.text.count("\n") + 1
        match kind:
            case "key":
                written.lines[(*table, f"k{number}")] = line
                written.text += f"k{number} = {value}\n"
            case "table":
                table = (f"t{number}", "u")
                written.lines[table] = line
                written.text += f"[ t{number} . 'u' ] # ]\n"
            case _:
                table = ("s", sum(1 for path in written.lines if path[0] == "s" and len(path) == 2))
                written.lines[table] = line
                written.text += "[[s]]\n"
    try:
        tomllib.loads(written.text)
    except tomllib.TOMLDecodeError:
        assume(False)  # noqa: FBT003 - Hypothesis' own signature
    assert written.lines.items() <= key_lines(written.text).items()
