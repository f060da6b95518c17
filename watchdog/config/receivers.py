"""A receiver of alerts as written → the frozen value that alerts are delivered with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from watchdog.config.checks import secret
from watchdog.config.fields import AbsolutePath, AppriseUrl, CheckName, Command, Secret, Section, Timeout, Url
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import quoted
from watchdog.config.tables import items, read_section
from watchdog.model.alert import FILES
from watchdog.model.settings import ReceiverKind, ReceiverSettings


class ReceiverSection(Section):
    """Exactly one key, that of its `ReceiverKind`, says where to."""

    name: CheckName = Field(description="Its name in routes, metrics and logs; unique, and not `files`.")
    webhook: Url | None = Field(default=None, description="URL to which each alert is posted as JSON.")
    webhook_file: AbsolutePath | None = Field(default=None, description="File that holds `webhook`.")
    alertmanager: Url | None = Field(
        default=None, description="Base URL of an Alertmanager, as `http://127.0.0.1:9093`."
    )
    alertmanager_file: AbsolutePath | None = Field(default=None, description="File that holds `alertmanager`.")
    apprise: AppriseUrl | None = Field(
        default=None, description="An address of Apprise, as `mailtos://USER:PASSWORD@HOST?to=ops@example.org`."
    )
    apprise_file: AbsolutePath | None = Field(default=None, description="File that holds `apprise`.")
    command: Command | None = Field(
        default=None, description="Program that is run with each alert as JSON on standard input; no shell."
    )
    token: Secret | None = Field(default=None, description="Bearer token (webhook, alertmanager).")
    token_file: AbsolutePath | None = Field(default=None, description="File that holds `token`.")
    secret: Secret | None = Field(default=None, description="Signs each alert (webhook).")
    secret_file: AbsolutePath | None = Field(default=None, description="File that holds `secret`.")
    timeout: Timeout | None = Field(default=None, description="How long one delivery may take; else `alert.timeout`.")


_TAKES: Final[dict[str, frozenset[ReceiverKind]]] = {
    "token": frozenset({ReceiverKind.WEBHOOK, ReceiverKind.ALERTMANAGER}),
    "secret": frozenset({ReceiverKind.WEBHOOK}),
}
"""Keys that not every kind of receiver knows."""


def read_receivers(alert: Mapping[str, Any], problems: Problems, *, timeout: float) -> tuple[ReceiverSettings, ...]:
    """Those of the table `[alert]`; `timeout` is of whoever has none of its own."""
    found: dict[str, ReceiverSettings] = {}
    for path, raw in items(alert, "receiver", ("alert",), problems):
        section = read_section(ReceiverSection, raw, path, problems)
        receiver = None if section is None else _receiver(section, path, problems, timeout=timeout)
        if receiver is None:
            continue
        if receiver.name in {*found, FILES}:
            taken = "means the files" if receiver.name == FILES else "is used twice"
            problems.add((*path, "name"), f"{quoted(receiver.name)} {taken}; allowed: another name for each receiver")
        found[receiver.name] = receiver
    return tuple(found.values())


def _receiver(
    section: ReceiverSection, path: KeyPath, problems: Problems, *, timeout: float
) -> ReceiverSettings | None:
    """The receiver; None when its keys contradict each other, which is then among the problems."""
    before = len(problems.found)
    given = section.given()
    kinds = [kind for kind in ReceiverKind if kind.value in given or f"{kind.value}_file" in given]
    if len(kinds) != 1:
        wrong = f"names {' and '.join(kinds)}" if kinds else "does not say where to"
        problems.add(path, f"{wrong}; allowed: exactly one of {', '.join(ReceiverKind)}")
        return None
    (kind,) = kinds
    for key, takers in _TAKES.items():
        for written in {key, f"{key}_file"} & given.keys():
            if kind not in takers:
                problems.add((*path, written), f"means nothing for {kind}; allowed: {' or '.join(sorted(takers))}")
    if kind is ReceiverKind.COMMAND and not given[kind.value]:
        problems.add((*path, kind.value), "is empty; allowed: a program and its arguments")
    address = "" if kind is ReceiverKind.COMMAND else secret(ReceiverSection, given, kind.value, path, problems)
    token, signing = (secret(ReceiverSection, given, key, path, problems) for key in _TAKES)
    if address is None or len(problems.found) > before:
        return None
    return ReceiverSettings(
        name=section.name,
        kind=kind,
        address=address,
        command=given.get("command", ()),
        token=token,
        secret=signing,
        timeout=given.get("timeout", timeout),
    )
