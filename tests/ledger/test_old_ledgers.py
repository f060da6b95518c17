"""What older versions wrote is read as what it was, whatever classes and fields are called by now."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.old_ledgers import FIXTURES, SCHEMAS, put_back
from tests.ledger.samples import opened
from tests.support.golden import Golden
from watchdog.alerts.message import alert_json
from watchdog.codecs.alerts import ALERT
from watchdog.codecs.approvals import APPROVAL
from watchdog.codecs.deployments import DEPLOYMENT
from watchdog.codecs.plans import steps_as_json, steps_from_json
from watchdog.codecs.records import INCIDENT, RECORD, SPEC
from watchdog.codecs.states import ERRORS, read_flaps, write_flaps
from watchdog.codecs.telling import ALERT_STATE, SILENCE
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.heartbeats import HeartbeatStore
from watchdog.ledger import Ledger, LedgerReader
from watchdog.model.views import deployment_json, incident_json, row_json

NOW = 1_700_086_400.0
KEPT = ("alert", "approval", "flaps", "heartbeat", "known errors", "silence")


def kept_again(kind: str, key: str, text: str) -> str:
    """Read, and written by what writes it."""
    match kind:
        case "alert":
            return ALERT_STATE.dump(ALERT_STATE.load(text))
        case "approval":
            return APPROVAL.dump(APPROVAL.load(text))
        case "flaps":
            return write_flaps(read_flaps(text))
        case "heartbeat":
            clock = Clock(lambda: NOW, lambda: NOW)
            hearts = HeartbeatStore(clock, born=lambda _: 0.0)
            hearts.load({key: text})
            return hearts.text(key)
        case "silence":
            return SILENCE.dump(SILENCE.load(text))
        case _:
            return ERRORS.dump(ERRORS.load(text))


async def content(ledger: Ledger, reader: LedgerReader) -> Mapping[str, Any]:
    """Everything that a ledger holds, as it is stored and as it is served."""
    incidents = reader.incidents(-1)
    deployments = reader.deployments(-1)
    approvals = (await ledger.kept("approval")).values()
    specs = sorted({baseline.spec_id for record in reader.records().values() for baseline in record.baselines})
    pending = await ledger.pending_intents()
    return {
        "records": [RECORD.write(record) for record in reader.records().values()],
        "specs": [SPEC.write(await ledger.spec(one)) for one in specs],
        "incidents": [{"stored": INCIDENT.write(one), "served": incident_json(one)} for one in incidents],
        "timelines": {one.id: [row_json(row) for row in reader.timeline(one.id)[1]] for one in incidents},
        "pending": [
            {
                "row": row.seq,
                "undo": [{"text": str(step), **raw} for step, raw in again(row.entry.payload["undo"])],
                "stop": [{"text": str(step), **raw} for step, raw in again(row.entry.payload.get("stop", []))],
            }
            for row in pending
        ],
        "deployments": [{"stored": DEPLOYMENT.write(one), "served": deployment_json(one)} for one in deployments],
        "kept": {kind: {key: kept_again(kind, key, text) for key, text in reader.kept(kind).items()} for kind in KEPT},
        "approvals": [APPROVAL.load(text).as_json(0.0) for text in approvals],
        "outbox": [
            {"id": one.id, "stored": ALERT.write(one.notice.alert), "served": alert_json(one.notice.alert)}
            for one in await ledger.outbox("mail", 0, 100)
        ],
        "told": {
            receiver: {key: ALERT.write(alert) for key, alert in (await ledger.told(receiver)).items()}
            for receiver in ("files", "mail")
        },
    }


def again(steps: list[dict[str, Any]]) -> list[tuple[object, dict[str, Any]]]:
    """Steps with what is written of them, which is what was written."""
    read = steps_from_json(steps)
    assert steps_as_json(read) == steps
    return list(zip(read, steps, strict=True))


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_ledger_of_an_older_version_is_upgraded_intact_and_read_as_what_it_was(
    schema: str, state: Path, golden: Golden
) -> None:
    put_back(schema, state)
    with LedgerReader.open(state) as before:
        head = before.head()
        assert before.verify(head).intact
    async with opened(state, now=NOW) as ledger:
        with LedgerReader.open(state) as reader:
            verified = reader.verify(head)
            assert verified.intact, verified.sentence
            golden.json(FIXTURES / f"schema-{schema}.json", await content(ledger, reader))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_is_read_of_it_is_written_again_byte_for_byte(schema: str, state: Path) -> None:
    put_back(schema, state)
    with closing(sqlite3.connect(state / "ledger.db")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        rows = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608 - names of tables
    for _, text in rows["services"]:
        assert_written_again(text, RECORD.dump(RECORD.load(text)))
    for *_, text in rows["incidents"]:
        assert_written_again(text, INCIDENT.dump(INCIDENT.load(text)))
    for _, _, sealed, _ in rows["specs"]:
        text = sealed.partition("\n")[2]
        assert_written_again(text, SPEC.dump(SPEC.load(text)))
    for *_, text in [*rows.get("outbox", ()), *rows.get("told", ())]:
        assert_written_again(text, ALERT.dump(ALERT.load(text)))
    for *_, text in rows.get("deployments", ()):
        assert DEPLOYMENT.dump(DEPLOYMENT.load(text)) == text
    for kind, key, text in rows.get("kept", ()):
        assert kept_again(kind, key, text) == text


def assert_written_again(text: str, now: str) -> None:
    """With all keys that it had, in their order; newer versions may have given it more."""
    old, new = json.loads(text), json.loads(now)
    assert without_more(new, old) == text


def without_more(new: Any, old: Any) -> str:
    def known(new: Any, old: Any) -> Any:
        match new, old:
            case dict(), dict():
                return {key: known(value, old[key]) for key, value in new.items() if key in old}  # pyright: ignore[reportUnknownVariableType] - JSON
            case list(), list():
                return [known(one, other) for one, other in zip(new, old, strict=True)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
            case _:
                return new

    return json.dumps(known(new, old), separators=(",", ":"))
