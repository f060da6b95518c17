"""The names under which values are stored, and that nothing of a value is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import watchdog.codecs
from tests.support.golden import Golden
from watchdog.codecs.plans import STEPS
from watchdog.codecs.records import SPEC
from watchdog.codecs.shape import Shape
from watchdog.codecs.states import ERRORS
from watchdog.model.container import ContainerSpec
from watchdog.model.plan import Step

NAMES = Path(__file__).parent / "names.json"


def _shapes() -> Iterator[tuple[str, Shape[Any]]]:
    for module in iter_modules(watchdog.codecs.__path__):
        for name, value in vars(import_module(f"watchdog.codecs.{module.name}")).items():
            if isinstance(value, Shape):
                yield name, value  # pyright: ignore[reportUnknownVariableType] - of any class
    yield from STEPS.items()


SHAPES = dict(_shapes())
TEXTS = st.text(max_size=5)
OBJECTS = st.dictionaries(TEXTS, TEXTS, max_size=2)
SPECS = st.builds(
    ContainerSpec,
    id=TEXTS,
    container_name=TEXTS,
    image=TEXTS,
    image_id=TEXTS,
    api_version=st.just("1.45"),
    config=OBJECTS,
    host_config=OBJECTS,
    endpoints=st.dictionaries(TEXTS, OBJECTS, max_size=2),
    networks=st.dictionaries(TEXTS, OBJECTS, max_size=2),
    volumes=OBJECTS,
    unfaithful=st.lists(TEXTS).map(tuple),
)
ROUNDED = {ERRORS.kind}
"""Of which less is written than is known."""


def test_the_names_of_what_is_stored_are_these(golden: Golden) -> None:
    golden.json(NAMES, {name: [key.name for key in shape.keys] for name, shape in sorted(SHAPES.items())})


@pytest.mark.parametrize("name", SHAPES)
def test_every_field_of_a_class_is_stored_once(name: str) -> None:
    shape = SHAPES[name]
    assert [key.attribute or key.name for key in shape.keys] == [field.name for field in fields(shape.kind)]


def test_every_step_has_a_word() -> None:
    assert {shape.kind for shape in STEPS.values()} == set(get_args(Step))


def _finite(value: Any) -> bool:
    return "nan" not in repr(value) and "inf" not in repr(value)


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.kind not in ROUNDED])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_again(name: str, data: st.DataObject) -> None:
    shape = SHAPES[name]
    value = data.draw((SPECS if shape is SPEC else st.from_type(shape.kind)).filter(_finite))
    assert shape.load(shape.dump(value)) == value
