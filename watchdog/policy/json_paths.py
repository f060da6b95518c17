"""JSONPath (RFC 9535) whose `match` and `search` take linear time, whatever the document holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from jsonpath import JSONPathEnvironment
from jsonpath.filter import StringLiteral
from jsonpath.function_extensions import ExpressionType, FilterFunction

from watchdog.policy.patterns import Pattern, read_pattern

_FORMS: Final = {"match": r"\A(?:{})\Z", "search": "{}"}
"""Function → the regular expression of Python that it searches for."""


def compiled(path: str) -> tuple[Any, tuple[Pattern, ...]]:
    """The query, and the patterns that are written in the path; raises what jsonpath raises."""
    environment = _Environment(strict=True)
    query: Any = environment.compile(path)
    return query, tuple(environment.written())


@dataclass(slots=True)
class _Regex(FilterFunction):
    """A pattern that is the document's own is found only where that takes linear time."""

    form: str
    written: dict[str, Pattern | None] = field(default_factory=dict[str, Pattern | None])
    """Those of the path itself."""

    @property
    def arg_types(self) -> list[ExpressionType]:
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        return ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        if pattern in self.written:
            found = self.written[pattern]
            return found is not None and found.found(value)
        own = self.read(pattern)
        return own is not None and not own.not_linear and own.found(value)

    def read(self, pattern: str) -> Pattern | None:
        """None for what is no regular expression: nothing matches it (RFC 9535, 2.4.6)."""
        try:
            return read_pattern(self.form.format(pattern))
        except ValueError:
            return None


class _Environment(JSONPathEnvironment):
    """One for each path, as it keeps that path's patterns."""

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions |= {name: _Regex(form) for name, form in _FORMS.items()}

    def validate_function_extension_signature(self, token: Any, args: list[Any]) -> list[Any]:
        args = super().validate_function_extension_signature(token, args)
        function = self.function_extensions[token.value]
        if isinstance(function, _Regex) and isinstance(args[1], StringLiteral):
            function.written[args[1].value] = function.read(args[1].value)
        return args

    def written(self) -> list[Pattern]:
        functions = (function for function in self.function_extensions.values() if isinstance(function, _Regex))
        return [pattern for function in functions for pattern in function.written.values() if pattern is not None]
