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
import time
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.campaign.campaign import campaign
from tests.campaign.faults import Kind, Round, draw_round
from tests.campaign.play import Played
from tests.campaign.table import lines_of, table, total


def rounds_of(seed: int, kind: Kind | None) -> Generator[Round]:
    """All rounds of a seed, without end; of one kind those in which it is injected."""
    for number in itertools.count(1):
        script = draw_round(seed, number)
        if kind is None or any(fault.kind is kind for fault in script.faults):
            yield script


def side_by_side(scripts: list[Round], workers: int) -> list[Played]:
    """Each worker plays every n-th round on an engine of its own: a round depends on its seed and number only."""
    with tempfile.TemporaryDirectory() as directory:
        places = [Path(directory) / str(worker) for worker in range(workers)]
        shares = [scripts[worker::workers] for worker in range(workers)]
        if workers == 1:
            return campaign(shares[0], places[0])
        with ProcessPoolExecutor(workers) as pool:
            return [played for share in pool.map(campaign, shares, places) for played in share]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="how many (500)")
    parser.add_argument("--seed", type=int, default=None, help="a whole number (else a random one)")
    parser.add_argument("--workers", type=int, default=1, help="engines that are played on side by side (1)")
    parser.add_argument("--only", type=Kind, default=None, help=f"rounds with one kind: {', '.join(Kind)}")
    parser.add_argument("--round", type=int, default=None, help="this one round and no other")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    if arguments.round is not None:
        scripts = [draw_round(seed, arguments.round)]
    else:
        scripts = list(itertools.islice(rounds_of(seed, arguments.only), arguments.rounds))
    began = time.monotonic()
    played = side_by_side(scripts, max(1, min(arguments.workers, len(scripts))))
    minutes = (time.monotonic() - began) / 60
    lines = lines_of(played)
    print(f"\n{table(lines)}\n\nseed {seed}, {len(played)} rounds in {minutes:.1f} minutes")
    sys.exit(0 if total(lines.values()).good else 1)


if __name__ == "__main__":
    main()
