"""The keys that every check has, whatever it asks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from watchdog.config.fields import (
    CheckName,
    Count,
    Failing,
    Poll,
    Section,
    ServiceReference,
    ServiceReferences,
    Timeout,
)
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe import Probe


class CheckSection(Section):
    """What a check asks is said by the key that names its kind: see `kinds`."""

    name: CheckName = Field(description="Its name in every output; unique.")
    service: ServiceReference | None = Field(
        default=None, description="The service that is recovered when it fails (`[[endpoint]]` only)."
    )
    depends_on: ServiceReferences | None = Field(
        default=None,
        description="The services that it needs: while one of them is down it waits for that "
        "(`[[endpoint]]` without `service` only).",
    )
    on_failure: Failing | None = Field(
        default=None,
        description="Whether the service is recovered when it fails, or degraded and people are told; "
        "else recover, and alert where no restart helps, as for tls, heartbeat, logs and resources.",
    )
    interval: Poll | None = Field(default=None, description="How often it is asked; else `watch.interval`.")
    retry_interval: Poll | None = Field(default=None, description="As `health.retry_interval`, for this check.")
    timeout: Timeout | None = Field(
        default=None, description="How long an answer may take; else 10s, or the interval where that is shorter."
    )
    failures: Count | None = Field(default=None, description="As `health.failures`, for this check.")
    successes: Count | None = Field(default=None, description="As `health.successes`, for this check.")


class KindSection(CheckSection):
    """The shape of one kind of check: the common keys and its own."""

    not_by_label: ClassVar[frozenset[str]] = frozenset()
    """Keys that a container's label may not say: tables, secrets, files, and what runs on the host."""

    usually: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Common keys that have a default of their own for this kind."""
    inside: ClassVar[bool] = False
    """Whether it is asked inside the container of a service, and so must belong to one."""

    def probe(self, path: KeyPath, problems: Problems) -> Probe | None:
        """What is asked; None where the keys contradict each other, which is then among the problems."""
        raise NotImplementedError

    def own(self) -> dict[str, Any]:
        """The given keys that only this kind has."""
        return {key: value for key, value in self.given().items() if key not in CheckSection.model_fields}
