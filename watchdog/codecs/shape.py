"""Values as JSON under names of their own: a table of keys for each class, for both directions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

T = TypeVar("T")

COMPACT: Final = (",", ":")
SPACED: Final = (", ", ": ")


class Form(NamedTuple):
    """How one kind of value is written and read; None where JSON has it as it is."""

    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None


AS_IS: Final = Form()


def word(kind: Callable[[Any], Any]) -> Form:
    """A `StrEnum`: it is written as the text that it is."""
    return Form(read=kind)


def several(one: Form) -> Form:
    """A tuple."""
    write, read = one.write or _same, one.read or _same

    def write_all(values: Iterable[Any]) -> list[Any]:
        return [write(value) for value in values]

    def read_all(raw: Iterable[Any]) -> tuple[Any, ...]:
        return tuple([read(value) for value in raw])

    return Form(write_all, read_all) if one is not AS_IS else Form(read=tuple)


def perhaps(one: Form) -> Form:
    """Or None."""
    write, read = one.write or _same, one.read or _same

    def write_some(value: Any) -> Any:
        return None if value is None else write(value)

    def read_some(raw: Any) -> Any:
        return None if raw is None else read(raw)

    return Form(write_some, read_some)


def by_name(one: Form) -> Form:
    """A mapping whose keys are text."""
    write, read = one.write or _same, one.read or _same

    def write_each(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: write(value) for name, value in values.items()}

    def read_each(raw: Mapping[str, Any]) -> dict[str, Any]:
        return {name: read(value) for name, value in raw.items()}

    return Form(write_each, read_each)


class Key(NamedTuple):
    """One key of an object.

    `attribute`: what the class calls it, where that is not the key. `always`: every version has written it, so what
    lacks it is damaged; else the class' default stands for it, or its absence is an error where there is none.
    """

    name: str
    form: Form = AS_IS
    attribute: str = ""
    always: bool = False


class Shape(Generic[T]):
    """Objects of one class. What it writes has all of its keys, in their order."""

    def __init__(
        self, kind: type[T], *keys: Key | str, ignores_more: bool = False, separators: tuple[str, str] = COMPACT
    ) -> None:
        """A key that is only text is written as it is. `ignores_more`: keys that are not known are no error."""
        self.kind = kind
        self.keys: Sequence[Key] = tuple(Key(key) if isinstance(key, str) else key for key in keys)
        self.form = Form(self.write, self.read)
        self._ignores_more = ignores_more
        self._separators = separators
        self._written = tuple((key.name, key.attribute or key.name, key.form.write) for key in self.keys)
        self._read = {key.name: (key.attribute or key.name, key.form.read) for key in self.keys}
        self._always = frozenset(key.name for key in self.keys if key.always)

    def write(self, value: T) -> dict[str, Any]:
        """What JSON calls an object."""
        return {
            name: getattr(value, attribute) if write is None else write(getattr(value, attribute))
            for name, attribute, write in self._written
        }

    def read(self, raw: Mapping[str, Any]) -> T:
        """Raises ValueError for anything that `write` did not make."""
        try:
            return self.kind(**self._arguments(raw))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"it is no {self.kind.__name__}") from error

    def _arguments(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in raw.items():
            if name in self._read:
                attribute, read = self._read[name]
                found[attribute] = value if read is None else read(value)
            elif not self._ignores_more:
                raise KeyError(name)
        if not self._always <= raw.keys():
            raise KeyError(*(self._always - raw.keys()))
        return found

    def dump(self, value: T) -> str:
        """As text; ValueError or TypeError for what JSON cannot say."""
        return json.dumps(self.write(value), default=_plain, separators=self._separators, allow_nan=False)

    def load(self, text: str) -> T:
        """Raises ValueError for anything that `dump` did not write."""
        try:
            raw = json.loads(text)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        return self.read(raw)


def _plain(value: object) -> dict[str, Any]:
    """For `json`: any mapping."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"{type(value).__name__} is no JSON")


def _same(value: Any) -> Any:
    return value
