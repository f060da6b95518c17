"""What probers are made with."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchdog.probes.ask import Clock
from watchdog.probes.beats import Beats
from watchdog.probes.certificates import Trust
from watchdog.probes.containers import Containers
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.kept import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ProberContext:
    """Each takes what it needs, and says by an observation what it cannot do without the rest."""

    clock: Clock
    containers: Containers | None
    memory: StateStore | None
    beats: Beats | None
    trust: Trust = field(default_factory=Trust)
    evaluation: Evaluation = field(default_factory=Evaluation)
