"""Keys of a check over HTTP: what they become, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.model.probe.http import HttpConnection, HttpProbe

HEAD = '[[endpoint]]\nname = "shop"\nurl = "https://shop.example/"\n'


def probe(settings_of: Load, keys: str) -> HttpProbe:
    (endpoint,) = settings_of(HEAD + keys, {"TOKEN": "t0ken"}).endpoints
    assert isinstance(endpoint.probe, HttpProbe)
    return endpoint.probe


def test_every_expectation_is_taken_over(settings_of: Load) -> None:
    asked = probe(
        settings_of,
        """
        connection = "kept"
        body_contains = "Welcome"
        body_json = ["$.status == 'ok'", "$.queue < 100"]
        security_headers = true
        redirects = 2
        redirect_hosts = ["login.example", "*.shop.example"]
        """,
    )
    assert asked == HttpProbe(
        url="https://shop.example/",
        connection=HttpConnection.KEPT,
        body_contains="Welcome",
        body_json=("$.status == 'ok'", "$.queue < 100"),
        security_headers=True,
        redirects=2,
        redirect_hosts=("login.example", "*.shop.example"),
    )


def test_one_expectation_needs_no_list(settings_of: Load) -> None:
    assert probe(settings_of, """body_json = "$.a matches /x, y/" """).body_json == ("$.a matches /x, y/",)


@pytest.mark.parametrize(
    ("keys", "header"),
    [
        ('authorization = "Token ${TOKEN}"', "Token t0ken"),
        ('bearer_token = "${TOKEN}"', "Bearer t0ken"),
        ('bearer_token_file = "{file}"', "Bearer from a file"),
        ('username = "probe"\npassword = "s:cret"', "Basic cHJvYmU6czpjcmV0"),
        ('username = "probe"\npassword_file = "{file}"', "Basic cHJvYmU6ZnJvbSBhIGZpbGU="),
    ],
)
def test_who_asks_becomes_one_header(settings_of: Load, tmp_path: Path, keys: str, header: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    asked = probe(settings_of, keys.replace("{file}", str(secret)))
    assert asked.headers == {"Authorization": header}
    assert header not in repr(asked)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("""body_json = ["$.a", "$.b ="]""", 'endpoint[shop].body_json: "$.b =" has a JSONPath that cannot be read'),
        ("""body_json = "status == 'ok'" """, "endpoint[shop].body_json: \"status == 'ok'\" does not begin with $"),
        ("""body_json = "$.a < 'b'" """, "compares with no number after <"),
        ("body_json = 3", "endpoint[shop].body_json: 3 is not a list"),
        ('body_contains = ""', "endpoint[shop].body_contains: is empty"),
        ('connection = "old"', 'endpoint[shop].connection: "old" is no choice here; allowed: "new" or "kept"'),
        ('http2 = true\nconnection = "kept"', "endpoint[shop].connection: is kept for HTTP/1.1 only"),
        ('redirect_hosts = ["a.example"]', "endpoint[shop].redirect_hosts: means nothing without redirects"),
        ('redirects = 1\nredirect_hosts = ["http://a"]', 'endpoint[shop].redirect_hosts: "http://a" has a'),
        ('redirects = 1\nredirect_hosts = ["a.*"]', 'endpoint[shop].redirect_hosts: "a.*" has a host'),
        ('username = "probe"', "endpoint[shop].username: does not say who asks, or says it twice"),
        ('password = "x"', "endpoint[shop].password: does not say who asks, or says it twice"),
        (
            'bearer_token = "x"\nusername = "probe"\npassword = "x"',
            "endpoint[shop].username: does not say who asks",
        ),
        ('authorization = "x"\nbearer_token = "x"', "endpoint[shop].bearer_token: does not say who asks"),
        ('username = "a:b"\npassword = "x"', 'endpoint[shop].username: "a:b" cannot be used'),
        (
            'bearer_token = "x"\nbearer_token_file = "/x"',
            "endpoint[shop].bearer_token_file: stands beside bearer_token",
        ),
        ('bearer_token = "x"\nheaders = { authorization = "y" }', "endpoint[shop].headers: has Authorization too"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(complaints: Complaints, keys: str, complaint: str) -> None:
    (found,) = complaints(HEAD + keys)
    assert complaint in found
    assert found.startswith("watchdog.toml:")


def test_http2_is_for_tls(complaints: Complaints) -> None:
    (found,) = complaints('[[endpoint]]\nname = "shop"\nurl = "http://shop.example/"\nhttp2 = true\n')
    assert "endpoint[shop].http2: is spoken over TLS only" in found


def test_a_wrong_secret_is_not_shown(complaints: Complaints) -> None:
    (found,) = complaints(HEAD + 'username = "probe"\npassword = "hunter2ü"')
    assert "hunter2" not in found
