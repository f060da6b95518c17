"""`python -m tests.campaign`: random faults on random stacks, and whether each was seen and mended exactly once.

A campaign is its seed: the same seed injects the same faults into the same stacks. Ends with 1 unless nothing was
missed, falsely done, or done twice; a round that fails tells how to play it again alone.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from tests.campaign.faults import Kind, Round, draw_round
from tests.campaign.play import CONFIG, Played, Player
from tests.campaign.table import lines_of, table, total
from tests.campaign.witness import Witness, witness_of
from tests.faults.scene import Scene
from tests.lab.engine import lab_engine
from tests.lab.oracle import Oracle
from tests.lab.watch import lab_daemon


@contextmanager
def theatre(directory: Path) -> Generator[tuple[Scene, Witness]]:
    """An engine of its own, a daemon that watches it, a witness that watches both."""
    with lab_engine() as engine, lab_daemon(engine, directory, CONFIG) as daemon, witness_of(engine) as witness:
        daemon.start()
        yield Scene(engine, daemon, Oracle(engine, daemon)), witness


def rounds_of(seed: int, kind: Kind | None) -> Generator[Round]:
    """All rounds of a seed, without end; of one kind those in which it is injected."""
    for number in itertools.count(1):
        script = draw_round(seed, number)
        if kind is None or any(fault.kind is kind for fault in script.faults):
            yield script


def campaign(scripts: Iterable[Round], directory: Path) -> list[Played]:
    """Plays the rounds one after the other, tells of each, and has the ledger verified at the end."""
    played: list[Played] = []
    with theatre(directory) as (scene, witness):
        for script in scripts:
            one = Player(scene, witness, script).play()
            played.append(one)
            kinds = ", ".join(fault.kind for fault in script.faults)
            said = "ok" if one.verdict.good else "FAILED"
            print(f"round {script.number}: {one.seconds:5.1f} s  {kinds}: {said}", flush=True)
            if not one.verdict.good:
                replay = f"replay: --seed {script.seed} --round {script.number}"
                print(script, *one.verdict.sentences, *one.story, replay, sep="\n", flush=True)
        scene.verdict()
    return played


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="how many (500)")
    parser.add_argument("--seed", type=int, default=None, help="a whole number (else a random one)")
    parser.add_argument("--only", type=Kind, default=None, help=f"rounds with one kind: {', '.join(Kind)}")
    parser.add_argument("--round", type=int, default=None, help="this one round and no other")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    scripts = itertools.islice(rounds_of(seed, arguments.only), arguments.rounds)
    if arguments.round is not None:
        scripts = iter([draw_round(seed, arguments.round)])
    with tempfile.TemporaryDirectory() as directory:
        played = campaign(scripts, Path(directory))
    lines = lines_of(played)
    print(table(lines), f"\nseed {seed}, {len(played)} rounds", sep="\n")
    sys.exit(0 if total(lines.values()).good else 1)


if __name__ == "__main__":
    main()
