"""Values that the tests write, and a ledger to write them to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from watchdog.ledger import Ledger
from watchdog.model.change import Change
from watchdog.model.container import ContainerSpec
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.record import (
    Attempt,
    Desired,
    Entry,
    EntryKind,
    Incident,
    Outcome,
    Pause,
    Revision,
    Rung,
    ServiceRecord,
    Severity,
)

DAY = 86400.0
WEBUI = ServiceKey("shop", "webui")
SECRET = "DB_PASSWORD=hunter2-in-the-spec"  # noqa: S105 - of the tests


@asynccontextmanager
async def opened(
    directory: Path, *, key_file: Path | None = None, now: float = 1000.0, retention: float = 90 * DAY
) -> AsyncGenerator[Ledger]:
    ledger = await Ledger.open(directory, key_file=key_file, now=now, retention=retention)
    try:
        yield ledger
    finally:
        await ledger.close()


def entry(
    sentence: str = "webui answers",
    *,
    at: float = 1000.0,
    kind: EntryKind = EntryKind.HEALTH,
    incident: int | None = None,
    **payload: Any,
) -> Entry:
    return Entry(at=at, kind=kind, subject="shop/webui", sentence=sentence, incident=incident, payload=payload)


def change(*entries: Entry, **more: Any) -> Change:
    return Change(entries=entries, **more)


def baseline(spec_id: str) -> Revision:
    return Revision(spec_id=spec_id, image="shop/webui:2", image_id="sha256:aa", config_hash="cc", proven_at=900.0)


def full_record(service: ServiceKey = WEBUI) -> ServiceRecord:
    """A record that uses every field."""
    return ServiceRecord(
        service=service,
        desired=Desired.UP,
        baselines=(baseline("s2"), baseline("s1")),
        attempts=(
            Attempt(at=990.0, rung=Rung.RECREATE, outcome=Outcome.FAILED, reason="port taken", by_operator=True),
        ),
        pause=Pause(until=2000.0, reason="moving the disk", by="ada"),
        quarantined="three attempts failed",
        incident=3,
        last_incident=2,
        last_incident_closed_at=800.0,
        compose_files=("/srv/shop/compose.yaml",),
        depends_on=("shop/db",),
        container_id="f" * 64,
    )


def incident(number: int, *, closed_at: float | None = None) -> Incident:
    return Incident(
        id=number,
        subject="shop/webui",
        cause=Cause.MISSING,
        severity=Severity.CRITICAL,
        summary="webui was removed",
        failed_at=995.5,
        detected_at=996.0,
        recovered_at=closed_at,
        closed_at=closed_at,
    )


def spec(spec_id: str = "5" * 64) -> ContainerSpec:
    return ContainerSpec(
        id=spec_id,
        container_name="shop-webui-1",
        image="shop/webui:2",
        image_id="sha256:aa",
        api_version="1.45",
        config={"Env": [SECRET], "Labels": {"b": "1", "a": "2"}},
        host_config={"Memory": 0},
        endpoints={"shop_front": {"Aliases": ["webui"]}, "shop_back": {}},
        networks={"shop_front": {"Driver": "bridge"}},
        volumes={"shop_files": "/files"},
        unfaithful=("a device is gone",),
    )
