"""Journeys: what a step asks once its templates have values, and what a run says about each of its services."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Observation, StepSeen, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep
from watchdog.policy.templates import begins_with_template, fill, fill_all

KEPT_FOR_CLEAN_UP: Final = 0.2
"""The part of a journey's time that is kept for its clean-up steps."""

FORM: Final = "application/x-www-form-urlencoded"


def filled(probe: JourneyProbe, step: JourneyStep, values: Mapping[str, str]) -> HttpProbe:
    """The step's request with every template replaced; raises NoValue.

    In a URL a value is percent-encoded, where it begins the URL it stands as it is: it is a link.
    """
    asked = step.request
    headers = {name: fill(text, values) for name, text in asked.headers.items()}
    body, kind = _body(step, values)
    if kind is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = kind
    matches, contains = asked.body_matches, asked.body_contains
    return replace(
        asked,
        url=_url(probe, asked.url, values),
        headers=headers,
        body=body,
        body_contains=fill(contains, values) if contains is not None else None,
        body_matches=fill(matches, values, re.escape) if matches is not None else None,
        body_json=tuple(fill(text, values, _in_quotes) for text in asked.body_json),
        headers_match={name: fill(text, values, re.escape) for name, text in asked.headers_match.items()},
    )


def _url(probe: JourneyProbe, text: str, values: Mapping[str, str]) -> str:
    url = text
    if begins_with_template(text):
        end = text.index("}}") + 2
        url = fill(text[:end], values) + fill(text[end:], values, _in_url)
    else:
        url = fill(text, values, _in_url)
    if probe.base is not None and url.startswith("/"):
        return probe.base.rstrip("/") + url
    return url


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _in_quotes(value: str) -> str:
    """Fit to stand between the quotes of an expectation, which knows no escapes: what would end them is left out."""
    return value.replace("'", "").replace('"', "")


def _body(step: JourneyStep, values: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The body and its content type."""
    if step.form is not None:
        return urlencode({name: fill(text, values) for name, text in step.form.items()}), FORM
    if step.json is not None:
        return json.dumps(fill_all(step.json, values)), "application/json"
    body = step.request.body
    return (fill(body, values) if body is not None else None), None


def failing_step(steps: Sequence[StepSeen]) -> StepSeen | None:
    """The step whose failure is the run's: the first; what fails after it may fail for want of it."""
    return next((step for step in steps if step.verdict is Verdict.FAIL), None)


def is_of(pattern: ServiceKey, key: ServiceKey) -> bool:
    """Whether a journey that names `pattern` belongs to the service: without project it is that name in any project."""
    return pattern.name == key.name and pattern.number == key.number and pattern.project in {"", key.project}


NOT_REACHED: Final = "not_reached"
"""Class of evidence: the run says nothing about this service, and nothing was held against it before."""


def not_reached(last: Observation | None) -> bool:
    """Whether a service need not pass the journey to be good, as the failure of another one stands before it."""
    return last is not None and last.verdict is Verdict.UNKNOWN and last.evidence.get("class") == NOT_REACHED


def heard_by(probe: JourneyProbe, run: Observation, service: ServiceKey, *, blamed: bool) -> Observation:
    """What a run says about one of the journey's services.

    FAIL where one of its steps failed first; PASS where all of its steps passed, or where it has none and the whole
    run passed; UNKNOWN where a step of its own was not reached. One that was `blamed` before must pass all the same:
    the scenario that failed proves its recovery.
    """
    if run.verdict is Verdict.UNKNOWN:
        return run
    failed = failing_step(run.steps)
    if failed is not None and failed.service is not None and is_of(failed.service, service):
        return run
    if failed is None:
        return run
    own = [
        seen.verdict is Verdict.PASS
        for step, seen in zip(probe.steps, run.steps, strict=False)
        if step.service is not None and is_of(step.service, service)
    ]
    if own and all(own) and len(own) == _steps_of(probe, service):
        return replace(run, verdict=Verdict.PASS, reason=f"its steps passed; step {failed.name} of another failed")
    evidence = dict(run.evidence) | ({} if blamed else {"class": NOT_REACHED})
    return replace(run, verdict=Verdict.UNKNOWN, reason=f"its steps were not reached: {run.reason}", evidence=evidence)


def _steps_of(probe: JourneyProbe, service: ServiceKey) -> int:
    return sum(step.service is not None and is_of(step.service, service) for step in probe.steps)
