"""A receiver of alerts as written → the frozen value that alerts are delivered with."""

from __future__ import annotations

from typing import Final

from watchdog.config.checks import secret
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.schema import ReceiverSection
from watchdog.model.settings import ReceiverKind, ReceiverSettings

_TAKES: Final[dict[str, frozenset[ReceiverKind]]] = {
    "token": frozenset({ReceiverKind.WEBHOOK, ReceiverKind.ALERTMANAGER}),
    "secret": frozenset({ReceiverKind.WEBHOOK}),
}
"""Keys that not every kind of receiver knows."""


def build_receiver(
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
    address = "" if kind is ReceiverKind.COMMAND else secret(given, kind.value, path, problems)
    token, signing = (secret(given, key, path, problems) for key in _TAKES)
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
