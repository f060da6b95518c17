"""A table of keys writes and reads values of a class, and says of everything else that it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from watchdog.codecs.shape import AS_IS, SPACED, Key, Shape, by_name, perhaps, several, word
from watchdog.model.record import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    size: int
    colour: Severity = Severity.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    renamed: str
    leaves: tuple[Leaf, ...] = ()
    fruit: Mapping[str, Leaf] | None = None
    notes: Mapping[str, str] | None = None
    tags: tuple[str, ...] = ()


LEAF = Shape(Leaf, "size", Key("colour", word(Severity), always=True))
TREE = Shape(
    Tree,
    Key("name", attribute="renamed"),
    Key("leaves", several(LEAF.form)),
    Key("fruit", perhaps(by_name(LEAF.form))),
    "notes",
    Key("tags", several(AS_IS)),
)
OAK = Tree(
    renamed="oak",
    leaves=(Leaf(size=1), Leaf(size=2, colour=Severity.CRITICAL)),
    fruit={"acorn": Leaf(size=3)},
    notes=MappingProxyType({"é": "old"}),
    tags=("tall",),
)
TEXT = (
    '{"name":"oak","leaves":[{"size":1,"colour":"info"},{"size":2,"colour":"critical"}],'
    '"fruit":{"acorn":{"size":3,"colour":"info"}},"notes":{"\\u00e9":"old"},"tags":["tall"]}'
)


def test_a_value_stands_under_the_names_of_its_table_in_their_order() -> None:
    assert TREE.dump(OAK) == TEXT
    assert TREE.load(TEXT) == OAK


def test_what_a_table_calls_otherwise_than_the_class_is_read_by_the_name_of_the_table() -> None:
    assert TREE.load('{"name":"elm"}') == Tree(renamed="elm")
    with pytest.raises(ValueError, match="it is no Tree"):
        TREE.load('{"renamed":"elm"}')


def test_a_key_that_no_older_version_wrote_has_the_default_of_its_class() -> None:
    assert TREE.load('{"name":"elm","leaves":[]}') == Tree(renamed="elm")


def test_separators_may_have_spaces() -> None:
    assert Shape(Leaf, "size", "colour", separators=SPACED).dump(Leaf(size=1)) == '{"size": 1, "colour": "info"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "[]",
        "null",
        "{}",
        '{"size":1}',  # what every version has written
        '{"colour":"info"}',
        '{"size":1,"colour":"mauve"}',
        '{"size":1,"colour":"info","shape":"round"}',
        "[" * 100_000,
    ],
)
def test_what_nobody_wrote_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        LEAF.load(text)


@pytest.mark.parametrize("more", ['"leaves":3', '"leaves":[3]', '"leaves":[{}]', '"fruit":[]', '"fruit":{"acorn":{}}'])
def test_what_is_wrong_deep_inside_is_found_as_well(more: str) -> None:
    with pytest.raises(ValueError, match="it is no"):
        TREE.load(f'{{"name":"elm",{more}}}')


def test_a_key_of_a_newer_version_is_ignored_where_that_does_no_harm() -> None:
    lenient = Shape(Leaf, "size", Key("colour", word(Severity)), ignores_more=True)
    assert lenient.load('{"size":1,"colour":"info","shape":"round"}') == Leaf(size=1)


@pytest.mark.parametrize("size", [float("nan"), float("inf"), object(), {1}])
def test_what_json_cannot_say_is_not_written(size: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        LEAF.dump(Leaf(size=size))  # pyright: ignore[reportArgumentType] - on purpose
