"""What is installed here and what lock files hold: `python -m scripts.compare_lock requirements/dev.txt`.

Prints a line for each difference and ends with 1 if there is one. The project itself is in no lock.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PROJECT = "infra-watchdog"


def pins(lock: str) -> dict[str, str]:
    """Name → version of what the text of lock files holds for this Python."""
    requirements = [Requirement(line.removesuffix("\\")) for line in lock.splitlines() if "==" in line]
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    }


def differences(installed: Mapping[str, str], locked: Mapping[str, str]) -> Iterable[str]:
    for name in sorted({*installed, *locked}):
        here, there = installed.get(name, "nothing"), locked.get(name, "nothing")
        if here != there:
            yield f"{name}: installed {here}, locked {there}"


def main() -> int:
    installed: dict[str, str] = {canonicalize_name(found.name): found.version for found in distributions()}
    installed.pop(_PROJECT, None)
    found = list(differences(installed, pins("\n".join(Path(lock).read_text() for lock in sys.argv[1:]))))
    print("\n".join(found) or "What is installed is what is locked.")  # noqa: T201 - a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
