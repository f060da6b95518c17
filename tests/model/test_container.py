"""What the engine says of one container."""

from __future__ import annotations

import pytest

from watchdog.model.container import Container, ContainerState


@pytest.mark.parametrize("state", ContainerState)
def test_only_a_container_whose_state_is_running_runs(state: ContainerState) -> None:
    container = Container(id="a", name="webui", image="shop/webui", image_id="sha256:22", state=state)
    assert container.running is (state is ContainerState.RUNNING)
