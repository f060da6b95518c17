"""Which services should exist, whoever asks: the ledger says so, or the configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from watchdog.model.identity import ServiceKey
from watchdog.model.record import Desired, ServiceRecord
from watchdog.model.settings import ServiceSettings


def missing(
    records: Mapping[ServiceKey, ServiceRecord],
    configured: Iterable[tuple[ServiceKey, ServiceSettings]],
    known: Collection[ServiceKey],
) -> dict[ServiceKey, ServiceRecord]:
    """Services that should be up and are none of those that are `known`, each with its record."""
    wanted = {key: record for key, record in records.items() if record.desired is Desired.UP}
    for key, settings in configured:
        if settings.enabled and not any(key.means(other) for other in (*known, *wanted)):
            wanted[key] = replace(records.get(key) or ServiceRecord(service=key), desired=Desired.UP)
    return {key: record for key, record in wanted.items() if key not in known}
