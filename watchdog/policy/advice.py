"""What a person should do now, and the section of the runbook that says how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DROPPED: Final = re.compile(r"[^\w\s-]")


@dataclass(frozen=True, slots=True)
class Advice:
    heading: str
    """Of the section in `docs/runbook.md`; a test looks it up there."""
    todo: str
    """`{subject}` is the service, `{container}` its container, `{incident}` the number."""


HANDED_OVER: Final = Advice(
    '"… is handed to a person: … tried start, recreate, recreate"',
    "Find out why it does not stay up (`docker logs {container}`), mend that, then `watchdog recover {subject}`.",
)
WORKING: Final = Advice(
    '"… is down for …" while watchdog still works on it',
    "Look what recovery waits for (`watchdog status`) and help it, or mend it by hand; watchdog goes on meanwhile.",
)
NOTHING: Final = Advice(
    "A warning",
    "Nothing yet: watchdog works on it, and says so when it needs a person or the downtime is longer than allowed.",
)
LOOK: Final = Advice(
    "A warning", "Nothing is restarted for it: see `watchdog show {incident}` for what was seen, and mend that."
)

APPROVAL: Final = Advice(
    '"… waits for a person\'s approval"',
    "Read the plan, then `watchdog approve {approval}` or `watchdog reject {approval} --reason …`. Nothing is done "
    "before, and after {until} it is handed to a person.",
)
_NOT_GIVEN: Final = Advice(
    '"approval … is rejected by …", "approval … expired unanswered after …"',
    "Mend {subject} by hand; or, if the plan is right after all, `watchdog recover {subject}`.",
)

KNOWN: Final[tuple[tuple[str, Advice], ...]] = (
    (
        "DATA_GONE",
        Advice(
            '"DATA_GONE: volume … no longer exists"',
            "Restore the volume from a backup under the same name, then `watchdog recover {subject}`.",
        ),
    ),
    ("is rejected by", _NOT_GIVEN),
    ("expired unanswered", _NOT_GIVEN),
    (
        "person's call",
        Advice(
            '"… it has writable mounts, so going back to an older deployment is a person\'s call"',
            "If an older image may run on its present volumes: `watchdog recover {subject} --action rollback`.",
        ),
    ),
    (
        "no other proven deployment",
        Advice('"… there is no other proven deployment to go back to"', "Deploy a version of {subject} that works."),
    ),
    (
        "is gone from the engine",
        Advice(
            '"its image … is gone from the engine"',
            "Pull or load the image, so that its ID exists again, then `watchdog recover {subject}`.",
        ),
    ),
    (
        "cannot be reproduced faithfully",
        Advice(
            '"it cannot be reproduced faithfully: …"', "Recreate {subject} by its own means (`docker compose up -d`)."
        ),
    ),
    (
        "saved spec",
        Advice(
            '"its saved spec cannot be read: …", "… is from an engine with API …", "the engine cannot make it from its '
            'saved spec: …"',
            "Deploy {subject} again by its own means; a new spec is saved once it is proven.",
        ),
    ),
    (
        "Nothing is done without a record",
        Advice('"… Nothing is done without a record: …"', "Free space, or mend the disk and restart the daemon."),
    ),
    (
        "its rollback goes no further",
        Advice(
            '"… its rollback goes no further: …"',
            "Mend what it names, then `watchdog deploy rollback N` with the number of {subject}, or take over with "
            "`watchdog deploy release N --reason …`.",
        ),
    ),
    (
        "engine is away",
        Advice('"the engine is away: …"', "Bring the engine back: `systemctl status docker`, `journalctl -u docker`."),
    ),
    (
        "observer's own network",
        Advice(
            '"… the observer\'s own network is suspected"',
            "Look from another machine: if the services answer there, mend the network of this one.",
        ),
    ),
    (
        "certificate",
        Advice('"… no restart mends a certificate"', "Renew the certificate of {subject}."),
    ),
)
"""What stands in the sentence → what to do; the first that does counts."""


def advice(sentence: str, otherwise: Advice) -> Advice:
    """What to do about what the sentence says."""
    return next((known for fragment, known in KNOWN if fragment in sentence), otherwise)


def anchor(heading: str) -> str:
    """The fragment by which a page of Markdown links a heading, as GitHub and GitLab make it."""
    return _DROPPED.sub("", heading.lower()).replace(" ", "-")
