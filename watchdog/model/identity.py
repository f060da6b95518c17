"""Who a service is, across replacements of its container."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEY = re.compile(r"(?:(?P<project>[^/#]+)/)?(?P<name>[^/#]+)(?:#(?P<number>[1-9][0-9]*))?")


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """Compose project + service + container number, or the container's name outside Compose.

    Shown as `shop/webui`, `webui` (no project) or `shop/webui#2` (a scaled service's second container).
    """

    project: str
    name: str
    number: int = 1

    def __str__(self) -> str:
        number = f"#{self.number}" if self.number != 1 else ""
        return f"{self.project}/{self.name}{number}" if self.project else f"{self.name}{number}"

    @property
    def label(self) -> str:
        """The name without its project: what tables and metrics show beside the project."""
        return f"{self.name}#{self.number}" if self.number != 1 else self.name

    def means(self, key: ServiceKey) -> bool:
        """Whether this, as a name that somebody wrote down, means that service.

        Without a project it means the name in any project, without a number (or with 1) all replicas.
        """
        return self.name == key.name and self.project in {"", key.project} and self.number in {1, key.number}

    def means_replica(self, key: ServiceKey) -> bool:
        """As `means`, of one replica: for checks that are asked once, whatever the number of replicas is."""
        return self.means(key) and self.number == key.number

    @classmethod
    def parse(cls, text: str) -> ServiceKey:
        """Read what `str` wrote; raises ValueError for anything else."""
        match = _KEY.fullmatch(text)
        if match is None:
            msg = f"{text!r} is not a service name: write NAME, PROJECT/NAME or PROJECT/NAME#NUMBER"
            raise ValueError(msg)
        return cls(match["project"] or "", match["name"], int(match["number"] or 1))
