"""A journey from what a browser recorded: pages and calls, credentials as captures and secrets."""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.conftest import Load
from watchdog.config.journeys.har import journey_of_har
from watchdog.errors import UsageError
from watchdog.model.probe.journey import JourneyProbe

TOKEN, BEARER = "k3Jx81LmQz-token", "eyJhbGciOiJIUzI1NiJ9.e30"


def entry(
    method: str,
    url: str,
    status: int = 200,
    *,
    answer: str = "",
    kind: str = "text/html",
    body: str = "",
    body_kind: str = "application/x-www-form-urlencoded",
    redirect: str = "",
    **headers: str,
) -> dict[str, Any]:
    listed = [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]
    request: dict[str, Any] = {"method": method, "url": url, "headers": listed}
    if body:
        request["postData"] = {"mimeType": body_kind, "text": body}
    content = {"mimeType": kind, "text": answer}
    return {"request": request, "response": {"status": status, "redirectURL": redirect, "content": content}}


SHOP = "https://shop.example"
RECORDED = [
    entry("GET", f"{SHOP}/login", answer=f'<form><input type="hidden" name="csrf" value="{TOKEN}"></form>'),
    entry("GET", f"{SHOP}/logo.png", kind="image/png"),
    entry("GET", f"{SHOP}/app.js?v=3", kind="application/javascript"),
    entry(
        "POST",
        f"{SHOP}/login",
        303,
        body=f"user=ann&password=hunter2%21&csrf={TOKEN}",
        redirect="/documents",
        Cookie="sid=secretsession",
    ),
    entry("GET", f"{SHOP}/documents", answer=f'<meta name="api" content="{BEARER}">', Cookie="sid=secretsession"),
    entry(
        "POST",
        f"{SHOP}/api/orders",
        201,
        body=json.dumps({"pin": "4711", "lines": [{"n": 1, "none": None}], "note": "${HOME} {{ x }} 😀"}),
        body_kind="application/json",
        kind="application/json",
        answer='{"order": {"id": "ord-0123456789"}}',
        Authorization=f"Bearer {BEARER}",
        Accept="application/json",
    ),
    entry("GET", f"{SHOP}/api/orders/ord-0123456789", 404, Authorization="Bearer other"),
]


def har(tmp_path: Path, document: Any) -> Path:
    file = tmp_path / "recorded.har"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def test_what_a_browser_recorded_becomes_a_journey_that_loads(tmp_path: Path, settings_of: Load) -> None:
    text = journey_of_har(har(tmp_path, {"log": {"entries": RECORDED}}), "office")
    assert not any(secret in text for secret in (TOKEN, BEARER, "hunter2", "4711", "secretsession", "Bearer other"))
    (journey,) = settings_of(text, {"PASSWORD": "p", "PIN": "1"}).journeys
    probe = journey.probe
    assert isinstance(probe, JourneyProbe)
    assert probe.base == SHOP
    assert [(step.name, step.request.method, step.request.url) for step in probe.steps] == [
        ("login", "GET", "/login"),
        ("step-2", "POST", "/login"),
        ("orders", "POST", "/api/orders"),
        ("ord", "GET", "/api/orders/{{ id }}"),
    ]
    login, orders = probe.steps[1], probe.steps[2]
    assert login.form == {"user": "ann", "password": "{{ password }}", "csrf": "{{ csrf }}"}
    assert orders.request.headers == {"authorization": "Bearer {{ api }}", "accept": "application/json"}
    assert orders.json == {"pin": "{{ pin }}", "lines": [{"n": 1}], "note": "${HOME} { { x }} 😀"}
    assert probe.secrets == {"password": "p", "pin": "1"}
    assert probe.redact == ("csrf", "api", "id")
    assert probe.steps[3].request.status == ((200, 299),)
    assert "# was answered with 404 when it was recorded" in text
    assert [capture.where for step in probe.steps for capture in step.captures] == [
        "input[name='csrf']",
        "meta[name='api']",
        "$.order.id",
    ]


BROKEN: list[tuple[Any, str]] = [
    ("no json", "is no HAR: it is no JSON"),
    ("[" * 100_000, "is no HAR: it is no JSON"),
    ({}, "is no HAR: it has no log.entries"),
    ({"log": []}, "is no HAR: it has no log.entries"),
    ({"log": {"entries": []}}, "holds no page and no call"),
    ({"log": {"entries": [3, {}, {"request": []}]}}, "holds no page and no call"),
    ({"log": {"entries": [entry("GET", "data:image/png")]}}, "holds no page and no call"),
    ({"log": {"entries": [entry("GET", f"{SHOP}/a.css")]}}, "holds no page and no call"),
]


@pytest.mark.parametrize(("document", "told"), BROKEN)
def test_what_is_no_har_is_told_in_one_sentence(tmp_path: Path, document: Any, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        journey_of_har(har(tmp_path, document), "x")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        journey_of_har(tmp_path / "none.har", "x")


_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
_urls = st.sampled_from([f"{SHOP}/", f"{SHOP}/a?b=0123456789", "http://[::1]:1/x", "http://", "ftp://x"]) | st.text(
    max_size=20
)
_entries = st.builds(
    entry,
    st.sampled_from(["GET", "POST", "PUT", "TRACE"]),
    _urls,
    st.integers(-1, 700),
    answer=st.text(max_size=30) | _any.map(json.dumps),
    kind=st.sampled_from(["text/html", "application/json", "image/png"]),
    body=st.text(max_size=30) | _any.map(json.dumps),
    body_kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json"]),
    redirect=st.sampled_from(["", "/x"]),
    Accept=st.text(max_size=10),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    document=st.fixed_dictionaries({"log": st.fixed_dictionaries({"entries": st.lists(_entries | _any, max_size=4)})})
    | _any
)
def test_any_document_becomes_toml_or_one_sentence(tmp_path: Path, document: Any) -> None:
    with contextlib.suppress(UsageError):
        assert tomllib.loads(journey_of_har(har(tmp_path, document), "x"))["journey"][0]["step"]
