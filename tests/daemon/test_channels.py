"""What a daemon tells on its channels of a service that it cannot bring back: in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.alert_scene import HOUR, AlertScene
from tests.support.fake_container import Behaviour
from tests.support.virtual_time import virtual_time
from watchdog.channels.hub import Hub
from watchdog.model.channel import Channel, ChannelMessage

pytestmark = pytest.mark.usefixtures("takers")


async def _followed(hub: Hub) -> list[ChannelMessage]:
    """All that is told until the daemon stops."""
    with hub.subscribe(list(Channel)) as messages:
        return [message async for message in messages]


@virtual_time
async def test_health_incident_attempts_and_that_a_person_is_needed_are_told_in_the_order_in_which_they_happen(
    tmp_path: Path,
) -> None:
    here = AlertScene(tmp_path)
    image = here.engine.image("shop/webui:1")
    here.engine.run("webui", "shop/webui:1")
    async with here.daemon("webui") as daemon:
        following = asyncio.create_task(_followed(daemon.hub))
        await asyncio.sleep(0)
        here.engine.behaviours[image] = Behaviour(exits_after=0.1)
        here.engine.docker_rm("webui")
        await asyncio.sleep(280.0)
        here.engine.behaviours[image] = Behaviour()
        here.engine.docker_rm("webui")
        here.engine.run("webui", "shop/webui:1")
        await asyncio.sleep(HOUR)
    found = await following
    assert {message.subject for message in found} == {"webui"}
    health = [message.payload for message in found if message.channel is Channel.SERVICE_STATE]
    assert (health[0]["before"], health[0]["health"], health[0]["cause"]) == ("healthy", "missing", "missing")
    assert [one["before"] for one in health[1:]] == [one["health"] for one in health[:-1]]
    assert all(one["before"] != one["health"] for one in health)
    assert health[-1]["health"] == "healthy"
    told = [message for message in found if message.channel is Channel.RECOVERY_COORDINATION]
    attempt = [("recovery", "intent"), ("recovery", "outcome")]
    assert [(message.kind, message.payload["state"]) for message in told] == [
        ("incident", "opened"),
        *attempt * 3,
        ("incident", "handed_over"),
        ("incident", "closed"),
    ]
    assert {message.payload["incident"] for message in told} == {1}
    assert told[1].sentence.startswith("will recreate: it has no container; attempt 1 of 3")
    assert told[2].payload["outcome"] == "failed"
    assert told[-2].sentence.startswith("handed to a person: ")
    opened, handed_over = found.index(told[0]), found.index(told[-2])
    assert [message.kind for message in found[:opened]] == ["health"]
    assert all(message.payload["health"] != "healthy" for message in found[:handed_over] if message.kind == "health")
