"""Many rounds one after the other, on one engine under one daemon: what a round leaves behind, the next one meets."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from tests.campaign.faults import Round
from tests.campaign.judge import Verdict
from tests.campaign.play import CONFIG, Played, Player
from tests.campaign.stage import NotInjected
from tests.campaign.witness import Witness, witness_of
from tests.faults.scene import Scene
from tests.lab.engine import lab_engine
from tests.lab.oracle import Oracle
from tests.lab.watch import lab_daemon

TRIES = 3
"""How often a round is played whose fault could not be done: it has proved nothing yet."""


@contextmanager
def theatre(directory: Path) -> Generator[tuple[Scene, Witness]]:
    """An engine of its own, a daemon that watches it, a witness that watches both."""
    directory.mkdir(parents=True)
    with lab_engine() as engine, lab_daemon(engine, directory, CONFIG) as daemon, witness_of(engine) as witness:
        daemon.start()
        yield Scene(engine, daemon, Oracle(engine, daemon)), witness


def campaign(scripts: Iterable[Round], directory: Path) -> list[Played]:
    """Plays the rounds, tells of each, and has the ledger verified at the end.

    A round that cannot even be played to its end (nothing is protected, the daemon is gone) is one that missed;
    the next one has a theatre of its own then.
    """
    played: list[Played] = []
    left = deque(scripts)
    while left:
        with theatre(directory / str(len(played))) as (scene, witness):
            broken = False
            while left and not broken:
                script = left.popleft()
                try:
                    one = _play(scene, witness, script)
                except AssertionError as error:
                    one, broken = Played(script, Verdict(missed=[str(error)])), True
                played.append(one)
                _tell(one)
            if not broken:
                scene.verdict()
    return played


def _play(scene: Scene, witness: Witness, script: Round) -> Played:
    for _ in range(TRIES - 1):
        try:
            return Player(scene, witness, script).play()
        except NotInjected as error:
            print(f"round {script.number} proved nothing, and is played again: {error}", flush=True)
    return Player(scene, witness, script).play()


def _tell(one: Played) -> None:
    script = one.round
    kinds = ", ".join(fault.kind for fault in script.faults)
    lines = [f"round {script.number}: {one.seconds:5.1f} s  {kinds}: {'ok' if one.verdict.good else 'FAILED'}"]
    if not one.verdict.good:
        replay = f"replay: --seed {script.seed} --round {script.number}"
        lines += [str(script), *one.verdict.sentences, *one.story, replay]
    print(*lines, sep="\n", flush=True)
