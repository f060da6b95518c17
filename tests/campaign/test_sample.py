"""A fixed sample of the random campaign: `make faults` plays hundreds of such rounds, CI these."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.campaign import campaign
from tests.campaign.faults import Kind, draw_round
from tests.campaign.table import lines_of, table, total

SEED = 1
NUMBERS = (7, 20, 38, 39, 59, 77, 91, 133, 174, 187, 270, 275, 287, 345, 354)
SAMPLE = [draw_round(SEED, number) for number in NUMBERS]


def test_every_kind_of_fault_occurs_in_the_sample() -> None:
    assert {fault.kind for script in SAMPLE for fault in script.faults} == set(Kind)


@pytest.mark.engine
@pytest.mark.long
@pytest.mark.timeout(1200)  # what is missed is waited for, a minute each time
@pytest.mark.usefixtures("lab_engine")  # says whether there can be one; the campaign has its own
def test_of_the_sample_nothing_is_missed_nothing_false_and_nothing_done_twice(tmp_path: Path) -> None:
    played = campaign(SAMPLE, tmp_path / "campaign")
    lines = lines_of(played)
    print(table(lines))
    assert [sentence for one in played for sentence in one.verdict.sentences] == []
    assert total(lines.values()).good
    assert len(played) == len(NUMBERS)
