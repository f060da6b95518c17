"""What GET /containers/json says."""

from __future__ import annotations

from typing import Any

from watchdog.engine.parse import named, summary_from

LINE: dict[str, Any] = {
    "Id": "c0" * 32,
    "Names": ["/shop-webui-1"],
    "Image": "shop/web:1",
    "ImageID": "sha256:1",
    "State": "running",
    "Status": "Up 2 seconds",
    "Created": 1,
    "Labels": {},
}


def test_what_has_no_name_any_more_is_gone_whatever_its_state() -> None:
    assert named([{**LINE, "Names": []}, {**LINE, "Names": None}, LINE]) == [LINE]


def test_a_linked_container_goes_by_its_own_name() -> None:
    assert summary_from({**LINE, "Names": ["/web/db", "/db", "/api/db"]}).name == "db"
