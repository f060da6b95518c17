"""What is told on the channels, as JSON."""

from __future__ import annotations

from watchdog.model.channel import Channel, ChannelMessage, message_json
from watchdog.model.validator import Announcement, Confirmation, announcement_json, confirmation_json


def test_a_message_is_shown_with_all_that_it_says() -> None:
    message = ChannelMessage(
        id="1700000000000-7",
        channel=Channel.SERVICE_STATE,
        at=1_700_000_000.25,
        kind="health",
        subject="shop/webui",
        sentence="missing: it has no container",
        payload={"health": "missing"},
    )
    assert message_json(message) == {
        "id": "1700000000000-7",
        "channel": "service_state",
        "at": "2023-11-14T22:13:20.250Z",
        "kind": "health",
        "subject": "shop/webui",
        "sentence": "missing: it has no container",
        "payload": {"health": "missing"},
    }


def test_an_announcement_is_shown_with_all_that_it_says() -> None:
    announcement = Announcement(
        id=7,
        at=1_700_000_000.0,
        by="ada",
        reason="new version",
        services=("shop/api", "shop/webui"),
        removes=("shop/api",),
        command=("docker", "compose", "up"),
    )
    assert announcement_json(announcement) == {
        "id": 7,
        "at": "2023-11-14T22:13:20.000Z",
        "by": "ada",
        "reason": "new version",
        "services": ["shop/api", "shop/webui"],
        "removes": ["shop/api"],
        "command": ["docker", "compose", "up"],
    }


def test_what_a_validator_said_is_shown() -> None:
    said = Confirmation(validator="night shift", confirmed=False, because="not at night")
    assert confirmation_json(said) == {"validator": "night shift", "confirmed": False, "because": "not at night"}
