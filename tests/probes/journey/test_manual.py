"""The page that people copy from works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from tests.probes.journey.conftest import JourneyOf, Running
from tests.support.office import PASSWORD
from watchdog.model.observation import Verdict
from watchdog.probes import Prober

PAGE = (Path(__file__).parents[3] / "docs" / "journeys.md").read_text(encoding="utf-8")


async def test_the_journey_of_the_manual_is_made_as_it_is_written(
    prober: Prober, office: Running, journey_of: JourneyOf, tmp_path: Path
) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    text = example.replace("https://office.example", office.base).replace("/run/secrets/office-password", str(secret))
    seen = await prober.ask(journey_of(text))
    assert seen.verdict is Verdict.PASS, seen.reason
    printed = [line.split()[0] for line in PAGE.splitlines() if re.match(r"\w+ +(pass|fail) ", line)]
    assert printed == [step.name for step in seen.steps]
