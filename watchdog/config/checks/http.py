"""Keys of a check that asks over HTTP."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, ClassVar, Final

from pydantic import Field

from watchdog.config.checks.secrets import secret
from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import (
    AbsolutePath,
    Body,
    Bool,
    ByteCount,
    Connection,
    HeaderPatterns,
    Headers,
    JsonExpectations,
    Method,
    Pattern,
    RedirectHosts,
    Redirects,
    Secret,
    StatusRanges,
    Text,
    Timeout,
    Url,
    UserName,
)
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.http import HttpConnection, HttpProbe

_CREDENTIALS: Final = (
    *("authorization", "authorization_file", "bearer_token", "bearer_token_file"),
    *("username", "password", "password_file"),
)
_WAYS: Final = "authorization, bearer_token, and username with password"


class HttpSection(NetworkSection):
    not_by_label: ClassVar[frozenset[str]] = frozenset({"headers", "headers_match", *_CREDENTIALS})

    url: Url = Field(description="Ask over HTTP. With https:// the certificate's end is read too.")
    method: Method | None = Field(default=None, description="Method of the request.")
    headers: Headers | None = Field(default=None, description="Headers of the request.")
    authorization: Secret | None = Field(
        default=None, description='The header Authorization, as "Bearer ${SHOP_TOKEN}".'
    )
    authorization_file: AbsolutePath | None = Field(default=None, description="File that holds `authorization`.")
    username: UserName | None = Field(default=None, description="User of HTTP basic authentication.")
    password: Secret | None = Field(default=None, description="Password of `username`.")
    password_file: AbsolutePath | None = Field(default=None, description="File that holds `password`.")
    bearer_token: Secret | None = Field(default=None, description="Token that is sent as `Bearer`.")
    bearer_token_file: AbsolutePath | None = Field(default=None, description="File that holds `bearer_token`.")
    body: Body | None = Field(default=None, description="Body of the request.")
    connection: Connection | None = Field(
        default=None, description="Whether each request makes a connection, or takes the one that was kept."
    )
    http2: Bool | None = Field(default=None, description="Whether it must be HTTP/2 (`https://` only).")
    status: StatusRanges | None = Field(default=None, description="What the answer's status must be.")
    body_contains: Text | None = Field(
        default=None, description="Text that must be in the first `max_bytes` of the answer."
    )
    body_json: JsonExpectations | None = Field(
        default=None, description="What the answer's JSON must hold, each as `$.path`, alone or compared."
    )
    body_matches: Pattern | None = Field(
        default=None, description="What must be found in the first `max_bytes` of the answer."
    )
    headers_match: HeaderPatterns | None = Field(default=None, description="What the answer's headers must match.")
    security_headers: Bool | None = Field(
        default=None, description="Whether the headers must be there by which a site protects those who browse it."
    )
    max_bytes: ByteCount | None = Field(default=None, description="How much of the answer is read.")
    max_latency: Timeout | None = Field(
        default=None, description="A right answer that took longer is a FAIL. Without it only `timeout` counts."
    )
    redirects: Redirects | None = Field(default=None, description="How many redirects on the same host are followed.")
    redirect_hosts: RedirectHosts | None = Field(
        default=None, description="Other hosts to which a redirect may lead; they get no header of this check."
    )
    verify_tls: Bool | None = Field(default=None, description="Whether a wrong certificate is a FAIL.")

    def probe(self, path: KeyPath, problems: Problems) -> HttpProbe:
        given = self.own()
        headers: dict[str, str] = given.pop("headers", {})
        authorization = _authorization(given, path, problems)
        if authorization is not None:
            if any(name.lower() == "authorization" for name in headers):
                problems.add((*path, "headers"), "has Authorization too; allowed: one of headers and authorization")
            headers = headers | {"Authorization": authorization}
        if given.get("http2"):
            if not self.url.startswith("https:"):
                problems.add((*path, "http2"), "is spoken over TLS only; allowed: with a url that begins with https://")
            if given.get("connection") is HttpConnection.KEPT:
                problems.add((*path, "connection"), "is kept for HTTP/1.1 only; allowed: without http2")
        if given.get("connection") is HttpConnection.KEPT and "from" in self.given():  # it would outlive the container
            problems.add((*path, "connection"), "is kept from where watchdog runs only; allowed: without from")
        if "redirect_hosts" in given and not given.get("redirects"):
            problems.add(
                (*path, "redirect_hosts"), "means nothing without redirects; allowed: with redirects = 1 or more"
            )
        return HttpProbe(**given, headers=headers)


def _authorization(given: dict[str, Any], path: KeyPath, problems: Problems) -> str | None:
    """The header's value; takes the keys out of `given` that say it."""
    said = {key: given.pop(key) for key in _CREDENTIALS if key in given}
    secrets = {
        key: secret(HttpSection, said, key, path, problems) for key in ("authorization", "bearer_token", "password")
    }
    match sorted({key.removesuffix("_file") for key in said}):
        case []:
            return None
        case ["authorization"]:
            return secrets["authorization"]
        case ["bearer_token"]:
            return f"Bearer {secrets['bearer_token']}"
        case ["password", "username"]:
            return "Basic " + b64encode(f"{said['username']}:{secrets['password']}".encode()).decode("ascii")
        case mixed:
            key = next(key for key in said if key.removesuffix("_file") == mixed[-1])
            problems.add((*path, key), "does not say who asks, or says it twice; allowed: one of " + _WAYS)
            return None
