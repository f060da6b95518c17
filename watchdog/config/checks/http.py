"""Keys of a check that asks over HTTP."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from watchdog.config.checks.secrets import secret
from watchdog.config.checks.section import KindSection
from watchdog.config.fields import (
    AbsolutePath,
    Body,
    ByteCount,
    HeaderPatterns,
    Headers,
    Method,
    Pattern,
    Redirects,
    Secret,
    StatusRanges,
    Switch,
    Timeout,
    Url,
)
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.question import HttpQuestion


class HttpSection(KindSection):
    not_by_label: ClassVar[frozenset[str]] = frozenset(
        {"headers", "headers_match", "authorization", "authorization_file"}
    )

    url: Url = Field(description="Ask over HTTP. With https:// the certificate's end is read too.")
    method: Method | None = Field(default=None, description="Method of the request.")
    headers: Headers | None = Field(default=None, description="Headers of the request.")
    authorization: Secret | None = Field(
        default=None, description='The header Authorization, as "Bearer ${SHOP_TOKEN}".'
    )
    authorization_file: AbsolutePath | None = Field(default=None, description="File that holds `authorization`.")
    body: Body | None = Field(default=None, description="Body of the request.")
    status: StatusRanges | None = Field(default=None, description="What the answer's status must be.")
    body_matches: Pattern | None = Field(
        default=None, description="What must be found in the first `max_bytes` of the answer."
    )
    headers_match: HeaderPatterns | None = Field(default=None, description="What the answer's headers must match.")
    max_bytes: ByteCount | None = Field(default=None, description="How much of the answer is read.")
    max_latency: Timeout | None = Field(
        default=None, description="A right answer that took longer is a FAIL. Without it only `timeout` counts."
    )
    redirects: Redirects | None = Field(default=None, description="How many redirects on the same host are followed.")
    verify_tls: Switch | None = Field(default=None, description="Whether a wrong certificate is a FAIL.")

    def question(self, path: KeyPath, problems: Problems) -> HttpQuestion:
        given = self.own()
        headers: dict[str, str] = given.pop("headers", {})
        authorization = secret(given, "authorization", path, problems)
        if authorization is not None:
            if any(name.lower() == "authorization" for name in headers):
                problems.add((*path, "headers"), "has Authorization too; allowed: one of headers and authorization")
            headers = headers | {"Authorization": authorization}
        for key in ("authorization", "authorization_file"):
            given.pop(key, None)
        return HttpQuestion(**given, headers=headers)
