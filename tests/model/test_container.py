"""What the engine says of one container."""

from __future__ import annotations

import pytest

from watchdog.model.container import Container, ContainerState, api_number


@pytest.mark.parametrize("state", ContainerState)
def test_only_a_container_whose_state_is_running_runs(state: ContainerState) -> None:
    container = Container(id="a", name="webui", image="shop/webui", image_id="sha256:22", state=state)
    assert container.running is (state is ContainerState.RUNNING)


def test_versions_of_the_api_are_ordered_as_numbers() -> None:
    assert api_number("1.9") < api_number("1.41") < api_number("1.100") < api_number("2.0")


@pytest.mark.parametrize("version", ["", "new", "1", "1.41.2", "v1.41", "1.x"])
def test_what_is_no_version_of_the_api_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="no version of the engine's API"):
        api_number(version)
