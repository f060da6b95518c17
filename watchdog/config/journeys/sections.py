"""The shape of a journey's tables."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PlainValidator

from watchdog.config import addresses, rules
from watchdog.config.fields import (
    Body,
    Bool,
    CheckName,
    Count,
    Failing,
    HeaderPatterns,
    Headers,
    JsonExpectations,
    Method,
    Pattern,
    Poll,
    Redirects,
    Section,
    ServiceReference,
    ServiceReferences,
    Span,
    StatusRanges,
    Text,
    Timeout,
    Url,
)
from watchdog.config.journeys import rules as own

_Names = Annotated[tuple[str, ...], PlainValidator(own.NAMES)]
_Secrets = Annotated[dict[str, str], PlainValidator(own.SECRETS)]
_Form = Annotated[dict[str, str], PlainValidator(own.FORM)]
_Json = Annotated[Any, PlainValidator(own.JSON)]


class JourneySection(Section):
    """`step` is read one by one."""

    name: CheckName = Field(description="Its name in every output; unique among journeys, endpoints and checks.")
    services: ServiceReferences | None = Field(
        default=None,
        description="The services that it belongs to: they are good only while it passes. Without one it is only told.",
    )
    depends_on: ServiceReferences | None = Field(
        default=None, description="Of one without services: while one of these is down it waits for that."
    )
    on_failure: Failing | None = Field(
        default=None, description="Whether the service is recovered when it fails, or degraded and people are told."
    )
    from_: ServiceReference | None = Field(
        default=None,
        alias="from",
        description="Made inside the network of this service's container, with its names; else where watchdog runs.",
    )
    base: Url | None = Field(default=None, description="What stands before every URL that begins with `/`.")
    interval: Poll | None = Field(default=None, description="How often it is made; else `watch.interval`.")
    retry_interval: Poll | None = Field(default=None, description="As `health.retry_interval`, for this journey.")
    timeout: Timeout | None = Field(
        default=None, description="How long the whole may take; else 30s, or the interval where that is shorter."
    )
    failures: Count | None = Field(default=None, description="As `health.failures`, for this journey.")
    successes: Count | None = Field(default=None, description="As `health.successes`, for this journey.")
    verify_tls: Bool | None = Field(default=None, description="Whether a wrong certificate is a FAIL.")
    secrets: _Secrets | None = Field(
        default=None,
        description="Values for templates that no output ever shows; NAME_file names a file that holds it.",
    )
    redact: _Names | None = Field(
        default=None, description="Captures, fields and headers whose values no output shows, wherever they turn up."
    )
    step: Any = Field(default=None, description="What is done, in order.")


class StepSection(Section):
    """`capture` is read one by one."""

    name: Annotated[str, PlainValidator(own.STEP_NAME)] = Field(description="Its name in every output; unique.")
    url: Annotated[str, PlainValidator(own.STEP_URL)] = Field(description="What is asked for.")
    method: Method | None = Field(default=None, description="Method; else POST where something is sent, GET elsewhere.")
    headers: Headers | None = Field(default=None, description="Headers of the request.")
    form: _Form | None = Field(default=None, description="Sent as a form is.")
    json_: _Json | None = Field(default=None, alias="json", description="Sent as JSON.")
    body: Body | None = Field(default=None, description="Sent as it is.")
    status: StatusRanges | None = Field(default=None, description="What the last answer's status must be.")
    body_contains: Text | None = Field(default=None, description="Text that must be in the last answer.")
    body_matches: Pattern | None = Field(default=None, description="What must be found in the last answer.")
    body_json: JsonExpectations | None = Field(default=None, description="What the last answer's JSON must be like.")
    headers_match: HeaderPatterns | None = Field(default=None, description="What its headers must match.")
    security_headers: Bool | None = Field(
        default=None, description="Whether the headers that protect a browser's user must be there."
    )
    max_latency: Timeout | None = Field(default=None, description="Slower than this is a FAIL.")
    redirects: Redirects | None = Field(
        default=None, description="How many redirects are followed, to hosts that the journey names."
    )
    capture: Any = Field(default=None, description="What later steps need: a table of NAME = where it is found.")
    retry: Any = Field(default=None, description="How often it is tried.")
    always_run: Bool | None = Field(default=None, description="Runs though an earlier step failed: it cleans up.")
    service: ServiceReference | None = Field(
        default=None, description="Of the journey's services the one whose failure it is; else the first."
    )


class RetrySection(Section):
    attempts: Annotated[int, PlainValidator(rules.whole(1, 20))] | None = Field(
        default=None, description="Tries before the step counts as failed."
    )
    wait: Span | None = Field(default=None, description="Before each further try.")


class CaptureSection(Section):
    """Exactly one key says where; `attribute` goes with `html`."""

    html: Annotated[str, PlainValidator(own.SELECTOR)] | None = Field(
        default=None, description="In the page: the first element that the selector finds."
    )
    attribute: Annotated[str, PlainValidator(own.ATTRIBUTE)] | None = Field(
        default=None, description="Of that element; without it its text."
    )
    json_: Annotated[str, PlainValidator(own.JSON_PATH)] | None = Field(
        default=None, alias="json", description="In the JSON: the first value at the path."
    )
    header: Annotated[str, PlainValidator(addresses.HEADER_NAME)] | None = Field(
        default=None, description="The value of a header."
    )
    cookie: Annotated[str, PlainValidator(own.COOKIE_NAME)] | None = Field(
        default=None, description="The value of a cookie."
    )
    regex: Pattern | None = Field(
        default=None, description="What the first group of a regular expression finds in the body, or the whole of it."
    )
