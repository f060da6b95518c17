"""autoheal's loop, for comparison: willfarrell/docker-autoheal is an image, and here is no registry to get it from.

What its shell script does with its default settings, in our own words: every 5 s (counted from the end of the last
look) it lists the containers that are unhealthy and have the label autoheal=true, and restarts those that Docker does
not restart already, one after the other, with a stop time-out of 10 s. The programs that the script starts for a
request (curl, jq) cost some milliseconds, which this loop does not spend.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tests.lab.engine import LabEngine

INTERVAL = 5.0
STOP_TIMEOUT = 10
REQUEST_TIMEOUT = 30.0
LABEL = "autoheal=true"


def heal(engine: LabEngine, ended: threading.Event) -> None:
    """Until `ended` is set."""
    unhealthy = json.dumps({"health": ["unhealthy"], "label": [LABEL]})
    while not ended.is_set():
        for line in engine.api("GET", "/containers/json", query={"filters": unhealthy}, timeout=REQUEST_TIMEOUT).json:
            if line["State"] != "restarting":
                path = f"/containers/{line['Id']}/restart"
                engine.api("POST", path, query={"t": STOP_TIMEOUT}, timeout=REQUEST_TIMEOUT)
        ended.wait(INTERVAL)


@contextmanager
def autoheal(engine: LabEngine) -> Generator[None]:
    ended = threading.Event()
    healer = threading.Thread(target=heal, args=(engine, ended))
    healer.start()
    try:
        yield
    finally:
        ended.set()
        healer.join()
