"""The record of what was seen, decided and done: SQLite, one writer, a hash chain that can be checked."""

from watchdog.ledger.directory import prepare
from watchdog.ledger.ledger import Ledger
from watchdog.ledger.outbox import Waiting
from watchdog.ledger.reader import LedgerReader
from watchdog.ledger.snapshot_file import read_json, write_json
from watchdog.ledger.verification import Verification

__all__ = ["Ledger", "LedgerReader", "Verification", "Waiting", "prepare", "read_json", "write_json"]
