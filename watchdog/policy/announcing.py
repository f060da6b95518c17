"""Who is asked before a change."""

from __future__ import annotations

from collections.abc import Iterable

from watchdog.model.validator import Announcement, ValidatorSettings
from watchdog.policy.holds import About


def concerned(announcement: Announcement, validators: Iterable[ValidatorSettings]) -> tuple[ValidatorSettings, ...]:
    """The removal of a service concerns everybody; another change those who want to be asked about what it changes."""
    return tuple(one for one in validators if announcement.removes or _wants(one, announcement))


def _wants(validator: ValidatorSettings, announcement: Announcement) -> bool:
    changed = (About(subject=name, names=(name, name.rpartition("/")[2])) for name in announcement.services)
    return not validator.services or any(about.called(validator.services) for about in changed)
