"""What a check asks: one value for each kind of probe, named as in the configuration. Durations are seconds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class Probe(ABC):
    """What a check asks: a frozen value for each kind, its fields named as its keys in the configuration."""

    __slots__ = ()

    kind: ClassVar[str]
    """The name of its module in `watchdog/probes` and of its page in `docs/probes`."""
    over_network: ClassVar[bool] = False
    """Whether it is asked over the observer's own network, which may be what fails."""
    for_people: ClassVar[bool] = False
    """Whether its failure is nothing that a restart mends, unless its configuration says otherwise."""

    @property
    @abstractmethod
    def target(self) -> str:
        """Whom it asks, for people to read: a URL, `host:port`."""
