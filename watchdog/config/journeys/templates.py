"""Every template must name a value that is there when its step begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, did_you_mean
from watchdog.model.probe.journey import JourneyStep
from watchdog.policy.templates import malformed, names_in, texts_in


def refuse_unknown_names(
    steps: list[tuple[KeyPath, JourneyStep]], secrets: Mapping[str, str], problems: Problems
) -> None:
    """Adds a problem for a template that names nothing captured before, and for a capture that hides a secret."""
    known = set(secrets)
    for path, step in steps:
        for key, text in _texts(step):
            place = (*path, key)
            if malformed(text):
                problems.add(place, "has {{ without a name and }}; allowed: {{ name }} or {{ step.name }}")
            for name in names_in(text):
                if name not in known:
                    which = f"allowed: {', '.join(sorted(known))}" if known else "nothing is captured before it"
                    problems.add(
                        place, f"names {name}, which no earlier step captures{did_you_mean(name, known)}; {which}"
                    )
        for capture in step.captures:
            if capture.name in secrets:
                problems.add((*path, "capture", capture.name), "is a secret's name too; allowed: another name")
            known |= {capture.name, f"{step.name}.{capture.name}"}


def _texts(step: JourneyStep) -> Iterator[tuple[str, str]]:
    """Every text of a step that may hold templates, with the key under which it is written."""
    asked = step.request
    several = {
        "headers": asked.headers.values(),
        "form": (step.form or {}).values(),
        "json": texts_in(step.json),
        "headers_match": asked.headers_match.values(),
        "body_json": asked.body_json,
    }
    single = {
        "url": asked.url,
        "body": asked.body,
        "body_contains": asked.body_contains,
        "body_matches": asked.body_matches,
    }
    for key, texts in several.items():
        yield from ((key, text) for text in texts)
    yield from ((key, text) for key, text in single.items() if text is not None)
