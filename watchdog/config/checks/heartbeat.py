"""Keys of a check that is called instead of asking."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from watchdog.config.checks.secrets import secret
from watchdog.config.checks.section import KindSection
from watchdog.config.fields import AbsolutePath, Period, Secret, Span
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.observation import Check, OnFailure
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.model.settings import RecoverySettings

SHORTEST_TOKEN = 16


def unverifiable(check: Check, recovery: RecoverySettings) -> str | None:
    """Why a recovery for want of calls could never be called successful; None where it can."""
    probe, within = check.probe, recovery.verify_timeout
    if not isinstance(probe, HeartbeatProbe) or check.on_failure is not OnFailure.RECOVER:
        return None
    if probe.heartbeat <= within:
        return None
    wrong = f"is longer than verify_timeout ({within:g} s), within which the next call proves a recovery"
    return f'{wrong}; allowed: at most that, or on_failure = "alert"'


class HeartbeatSection(KindSection):
    not_by_label: ClassVar[frozenset[str]] = frozenset({"token", "token_file"})
    usually: ClassVar[Mapping[str, Any]] = MappingProxyType({"failures": 1})

    heartbeat: Period = Field(
        description="Be called in so often: `POST /api/v1/heartbeats/NAME`, or `watchdog heartbeat NAME`."
    )
    grace: Span | None = Field(default=None, description="How late a call may be.")
    token: Secret | None = Field(
        default=None, description="Who sends it as a bearer token may call over TCP too; else the unix socket only."
    )
    token_file: AbsolutePath | None = Field(default=None, description="File that holds `token`.")

    def probe(self, path: KeyPath, problems: Problems) -> HeartbeatProbe:
        given = self.own()
        token = secret(HeartbeatSection, given, "token", path, problems)
        if token is not None and len(token) < SHORTEST_TOKEN:
            key = "token" if "token" in given else "token_file"
            problems.add((*path, key), f"is easily guessed; allowed: {SHORTEST_TOKEN} characters or more")
        times = {key: given[key] for key in ("heartbeat", "grace") if key in given}
        return HeartbeatProbe(**times, token=token)
