from __future__ import annotations

import pytest

from watchdog.policy.security_headers import missing_security_headers

GOOD = {
    "content-security-policy": "default-src 'self'",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
}
FRAMES = "X-Frame-Options or frame-ancestors"


def missing(*, https: bool = True, **changed: str | None) -> tuple[str, ...]:
    headers = GOOD | {name.replace("_", "-"): value for name, value in changed.items()}
    return missing_security_headers(lambda name: headers.get(name.lower()), https=https)


def test_nothing_is_missing_where_all_are_there() -> None:
    assert missing() == ()


def test_each_that_is_missing_is_named() -> None:
    assert missing_security_headers(lambda _: None, https=True) == (
        "Content-Security-Policy",
        "Strict-Transport-Security",
        FRAMES,
        "X-Content-Type-Options",
    )


def test_strict_transport_security_counts_over_https_only() -> None:
    assert missing(strict_transport_security=None) == ("Strict-Transport-Security",)
    assert missing(strict_transport_security=None, https=False) == ()


@pytest.mark.parametrize("value", ["max-age=0", "includeSubDomains", "", "max-age=x"])
def test_what_protects_for_no_time_is_missing(value: str) -> None:
    assert missing(strict_transport_security=value) == ("Strict-Transport-Security",)


@pytest.mark.parametrize("value", ['max-age="600"', "includeSubDomains; MAX-AGE = 600", "max-age=" + "9" * 5000])
def test_an_age_is_read_however_it_is_written(value: str) -> None:
    assert missing(strict_transport_security=value) == ()


def test_frames_are_restricted_by_either_header() -> None:
    assert missing(x_frame_options="ALLOW-FROM https://a") == (FRAMES,)
    assert missing(x_frame_options=" sameorigin ") == ()
    policy = "default-src 'self'; Frame-Ancestors 'none'"
    assert missing(x_frame_options=None, content_security_policy=policy) == ()
    assert missing(x_frame_options=None, content_security_policy="x-frame-ancestors 'none'") == (FRAMES,)


@pytest.mark.parametrize(("name", "value"), [("content_security_policy", " "), ("x_content_type_options", "sniff")])
def test_a_header_without_its_meaning_is_missing(name: str, value: str) -> None:
    assert len(missing(https=True, **{name: value})) == 1
