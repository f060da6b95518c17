"""The key `from`, which every check that goes over the network has."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, create_model

from watchdog.config.checks.section import KindSection
from watchdog.config.fields import ServiceReference

_FROM: Final = Field(
    default=None,
    description="Ask inside the network of this service's container, with its names; else from where watchdog runs.",
)
_FIELDS: Final[dict[str, Any]] = {"from": (ServiceReference, _FROM)}
"""The name is a word of Python's own: no class can spell it."""

_WithFrom: type[KindSection] = create_model("_WithFrom", __base__=KindSection, **_FIELDS)


class NetworkSection(_WithFrom):
    """The shape of a check that can be asked from inside a container."""

    def own(self) -> dict[str, Any]:
        return {key: value for key, value in super().own().items() if key not in _FIELDS}
