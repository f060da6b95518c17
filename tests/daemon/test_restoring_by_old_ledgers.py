"""What an older version saved of a service is enough to make it again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.ledger.old_ledgers import SCHEMAS, put_back
from tests.support.alert_scene import HOUR, AlertScene
from tests.support.fake_container import Behaviour
from tests.support.virtual_time import VirtualLoop, virtual_time
from watchdog.daemon.core import Daemon
from watchdog.ledger import LedgerReader
from watchdog.model.container import Container
from watchdog.model.deployment import Stage
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Outcome

pytestmark = pytest.mark.usefixtures("takers")

PLAIN, WEBUI = ServiceKey("", "plain"), ServiceKey("shop", "webui")
PAUSED, RETIRED, QUARANTINED = (ServiceKey("shop", name) for name in ("mailer", "old", "job"))
LATER = 24 * HOUR


async def verified(daemon: Daemon, key: ServiceKey) -> Container:
    """The container of a service that was found good, by which its incident is over."""

    def good() -> bool:
        watched = daemon.state.services.known.get(key)
        seen = watched.assessment if watched is not None else None
        return (
            seen is not None and seen.health is Health.HEALTHY and daemon.state.services.record_of(key).incident is None
        )

    async with asyncio.timeout(HOUR):
        while not good():
            daemon.state.changed.clear()
            await daemon.state.changed.wait()
    container = daemon.state.services.known[key].container
    assert container is not None
    return container


@pytest.mark.parametrize("schema", SCHEMAS)
@virtual_time
async def test_services_that_are_gone_are_made_again_by_what_an_older_version_saved(
    schema: str, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    put_back(schema, state)
    with LedgerReader.open(state) as reader:
        before = reader.records()
    VirtualLoop.running().jump(LATER)
    here = AlertScene(tmp_path)
    for _ in range(1000):
        here.engine.image("used up")  # this engine gives IDs that the one of the ledger never gave
    for key, record in before.items():
        here.engine.behaviours |= {baseline.image_id: Behaviour() for baseline in record.baselines}
        here.engine.volumes |= {f"shop_{key.name}", "shop_files"}
    async with here.daemon() as daemon:
        for key in before.keys() - {PAUSED, RETIRED, QUARANTINED}:
            container = await verified(daemon, key)
            spec, record, saved = (
                await here.engine.capture(container.id),
                daemon.state.services.record_of(key),
                before[key],
            )
            assert spec.id == saved.baselines[0].spec_id == record.baselines[0].spec_id, key
            assert container.image_id == saved.baselines[0].image_id, key
        attempts = daemon.state.services.record_of(WEBUI).attempts
        assert [one.outcome for one in attempts] == [Outcome.RECOVERED]
        spec = await here.engine.capture((await verified(daemon, WEBUI)).id)
        assert list(spec.endpoints) == ["shop_front", "shop_back"]
        assert spec.volumes == {"shop_files": "/files"}
        assert {"shop_front", "shop_back"} <= here.engine.networks
        here.engine.docker_rm("plain")
        await asyncio.sleep(1.0)
        await verified(daemon, PLAIN)
        made = {summary.name for summary in await here.engine.list_containers()}
        assert not made & {"shop-mailer-1", "shop-old-1", "shop-job-1"}
        deployments = await daemon.deployments.listed(10)
        assert all(one.stage.over for one in deployments)
        assert not deployments or deployments[0].stage is Stage.ROLLED_BACK
    with LedgerReader.open(state) as reader:
        assert reader.verify(None).intact
