"""Dependencies that no order follows from: they are said once, and never in the way of a recovery."""

from __future__ import annotations

import structlog

from watchdog.daemon.state.daemon import DaemonState
from watchdog.model.identity import ServiceKey
from watchdog.policy.graph import nobodys

log = structlog.get_logger()


class DependencyWarnings:
    """Keeps `DaemonState.misordered`; logs what is new there."""

    def __init__(self, state: DaemonState) -> None:
        self._state = state

    def look(self) -> None:
        """Once all services are known: what a service needs may be there and not have been seen yet."""
        before = {sentence for sentences in self._state.dependencies.warnings.values() for sentence in sentences}
        self._state.dependencies.warnings = self._found()
        for key, sentences in self._state.dependencies.warnings.items():
            for sentence in sentences:
                if sentence not in before:
                    before.add(sentence)
                    log.warning(sentence, service=str(key))

    def _found(self) -> dict[ServiceKey, tuple[str, ...]]:
        state = self._state
        strange = nobodys(
            state.dependencies.needs(), (*state.ledger.records, *state.services.unwatched, *state.services.expected)
        )
        found = {
            key: [f"{key} needs {', '.join(names)}, which no service is called: it waits for nothing there"]
            for key, names in strange.items()
        }
        for cycle in state.dependencies.cycles():
            spelled = " → ".join(map(str, cycle))
            for key in cycle[1:]:
                found.setdefault(key, []).append(f"{spelled} is a cycle: none of them waits for another")
        return {key: tuple(sentences) for key, sentences in found.items()}
