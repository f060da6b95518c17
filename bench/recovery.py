"""`make bench-recovery`: how soon what was lost serves again, beside whom it is compared with, by one outside poller.

One engine, one scenario after the other, in each of which the contenders are measured side by side.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import ended, furnished, removed, unhealthy
from bench.figures import Table
from bench.steady import make_image
from bench.turns import Rounds
from tests.lab.engine import LabEngine, lab_engine

Scenario = Callable[[LabEngine, Path, Rounds], Table]

SCENARIOS: dict[str, Scenario] = {
    "crashed": functools.partial(ended.measure, ended.CRASHED),
    "oom": functools.partial(ended.measure, ended.OUT_OF_MEMORY),
    "unhealthy": unhealthy.measure,
    "furnished": furnished.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="of watchdog; a third of them of the others (300)")
    parser.add_argument("--among", type=int, default=0, help="idle containers beside what is just removed (0)")
    parser.add_argument("--only", choices=["removed", *SCENARIOS], help="one scenario instead of all")
    arguments = parser.parse_args()
    scenarios: dict[str, Scenario] = {"removed": functools.partial(removed.measure, arguments.among), **SCENARIOS}
    with tempfile.TemporaryDirectory() as directory, lab_engine() as engine:
        make_image(engine)
        for name, measure in scenarios.items():
            if arguments.only in {None, name}:
                began = time.monotonic()
                print(measure(engine, Path(directory), Rounds(arguments.rounds)))
                print(f"- took {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
                engine.clean()


if __name__ == "__main__":
    main()
