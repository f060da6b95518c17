"""A committed image takes its container's labels along: what is run from it is not the service."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

LABELS = ("project=shop", "service=web", "container-number=1", "oneoff=False")


def _run(watch: Scene, name: str) -> str:
    labels = [part for one in LABELS for part in ("--label", f"com.docker.compose.{one}")]
    return watch.engine.run(name, *labels)


@pytest.mark.parametrize("removal", [("rm", "--force"), ("stop", "rm")])
def test_what_is_run_from_a_committed_image_never_becomes_the_service(watch: Scene, removal: tuple[str, ...]) -> None:
    real = _run(watch, "shop-web-1")
    watch.start("shop/web")
    watch.engine.docker("commit", "shop-web-1", "copied:1")
    watch.engine.docker("run", "--detach", "--name", "twin", "copied:1")
    watch.oracle.strangers.add("twin")
    twin = watch.engine.inspect("twin")["Id"]
    watch.daemon.wait(
        lambda: "not the service, though labelled as it: twin" in watch.service("shop/web")["reason"], "not told"
    )
    if removal[0] == "stop":
        watch.engine.docker("stop", "--time", "1", "shop-web-1")
    watch.engine.docker("rm", *removal[1:] if removal[0] == "rm" else (), "shop-web-1")
    watch.wait_recovered("shop/web")
    made = watch.engine.inspect("shop-web-1")
    assert made["Id"] not in {real, twin}
    assert made["Image"] != watch.engine.inspect(twin)["Image"]
    assert watch.engine.inspect(twin)["State"]["Running"]
    (intent,) = watch.intents()
    assert intent["payload"]["container"] != twin
