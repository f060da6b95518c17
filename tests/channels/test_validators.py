"""A change is confirmed by those whom it concerns, and by nothing but a clear yes."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest

from tests.channels.conftest import Webhook
from tests.channels.test_hub import read_all
from tests.support.eventually import eventually
from watchdog.alerts.webhook import signature
from watchdog.channels.hub import Hub
from watchdog.channels.validators import ANSWER_LIMIT, Validators
from watchdog.errors import UsageError
from watchdog.model.channel import Channel
from watchdog.model.validator import Announcement, Confirmation, ValidatorSettings, announcement_json

ANNOUNCEMENT = Announcement(
    id=7,
    at=1_700_000_000.0,
    by="ada",
    reason="new version",
    services=("shop/webui",),
    command=("docker", "compose", "up"),
)
LONG = 30.0
"""Seconds that nobody needs."""
DEEP = b"[" * 60_000


def validators(*settings: ValidatorSettings, hub: Hub | None = None) -> Validators:
    return Validators(lambda: settings, hub or Hub(time.time), time.time)


def yes(validator: str, because: str) -> Confirmation:
    return Confirmation(validator=validator, confirmed=True, because=because)


def no(validator: str, because: str) -> Confirmation:
    return Confirmation(validator=validator, confirmed=False, because=because)


async def test_a_webhook_confirms_what_it_was_shown_with_token_and_signature(webhook: Webhook) -> None:
    webhook.says(b'{"confirm": true}', 201)
    ci = ValidatorSettings(name="ci", webhook=webhook.url, token="t0ken", secret="s3cret")  # noqa: S106 - of the test
    assert await validators(ci).confirm(ANNOUNCEMENT, LONG) == (yes("ci", "confirmed"),)
    (body,) = webhook.bodies
    assert json.loads(body) == announcement_json(ANNOUNCEMENT)
    head = dict(line.split(": ", 1) for line in webhook.heads[0].splitlines()[1:] if line)
    assert head["Authorization"] == "Bearer t0ken"
    stamp = int(head["X-Watchdog-Timestamp"])
    assert abs(stamp - time.time()) < 60
    assert signature("s3cret", stamp, body).items() <= head.items()


@pytest.mark.parametrize(
    ("status", "body", "because"),
    [
        (200, b'{"confirm": false, "because": "tests are\\n red"}', "refused: tests are red"),
        (200, b'{"confirm": false, "because": "%s"}' % (b"x" * 5000), f"refused: {'x' * 300}"),
        (200, b'{"confirm": false}', "refused: no reason given"),
        (503, b'{"confirm": true}', "the webhook at 127.0.0.1 answered 503"),
        (400, b'{"confirm": true}', "the webhook at 127.0.0.1 answered 400"),
        (200, b'{"confirm": "yes"}', "its answer neither confirms nor refuses; allowed: {"),
        (200, b'{"confirm": 1}', "its answer neither confirms nor refuses; allowed: {"),
        (200, b'["confirm"]', "its answer neither confirms nor refuses; allowed: {"),
        (200, b"OK", "its answer is no JSON; allowed: {"),
        (200, b"\xff\xfe{", "its answer is no JSON; allowed: {"),
        (200, DEEP, "its answer is no JSON; allowed: {"),
        (204, b"", "its answer is no JSON; allowed: {"),
        (200, b" " * ANSWER_LIMIT + b'{"confirm": true}', "the webhook at 127.0.0.1 answered 200 with more than 65536"),
    ],
)
async def test_what_is_no_clear_yes_does_not_confirm(webhook: Webhook, status: int, body: bytes, because: str) -> None:
    webhook.says(body, status)
    (answer,) = await validators(ValidatorSettings(name="ci", webhook=webhook.url)).confirm(ANNOUNCEMENT, LONG)
    assert not answer.confirmed
    assert answer.because.startswith(because)
    assert "s3cret" not in answer.because


async def test_a_yes_may_be_as_long_as_is_read(webhook: Webhook) -> None:
    yes = b'{"confirm": true}'
    webhook.says(b" " * (ANSWER_LIMIT - len(yes)) + yes)
    (answer,) = await validators(ValidatorSettings(name="ci", webhook=webhook.url)).confirm(ANNOUNCEMENT, LONG)
    assert answer.confirmed


@pytest.mark.parametrize(("status", "because"), [(503, "answered 503"), (200, "does not answer (ClientPayloadError)")])
async def test_an_answer_that_breaks_off_does_not_confirm(webhook: Webhook, status: int, because: str) -> None:
    webhook.answer = f'HTTP/1.1 {status} X\r\nContent-Length: 99\r\n\r\n{{"confirm": true}}'.encode()
    (answer,) = await validators(ValidatorSettings(name="ci", webhook=webhook.url)).confirm(ANNOUNCEMENT, LONG)
    assert answer == no("ci", f"the webhook at 127.0.0.1 {because}")


async def test_a_redirect_is_not_followed(webhook: Webhook) -> None:
    webhook.says(b"", 307, f"Location: {webhook.url}elsewhere\r\n")
    (answer,) = await validators(ValidatorSettings(name="ci", webhook=webhook.url)).confirm(ANNOUNCEMENT, LONG)
    assert (answer.confirmed, "redirects are not followed" in answer.because) == (False, True)
    assert len(webhook.bodies) == 1


async def test_a_webhook_that_is_not_there_does_not_confirm() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/s3cret"
        (answer,) = await validators(ValidatorSettings(name="ci", webhook=url)).confirm(ANNOUNCEMENT, LONG)
    assert not answer.confirmed
    assert answer.because == "the webhook at 127.0.0.1 does not answer (ClientConnectorError)"


async def test_all_are_asked_side_by_side(webhook: Webhook) -> None:
    hanging = [ValidatorSettings(name=f"hangs{number}", webhook=webhook.url) for number in range(5)]
    confirming = asyncio.create_task(validators(*hanging).confirm(ANNOUNCEMENT, LONG))
    await eventually(lambda: len(webhook.bodies) == 5)
    confirming.cancel()


async def test_those_who_do_not_answer_in_time_do_not_confirm(webhook: Webhook) -> None:
    hanging = ValidatorSettings(name="hangs", webhook=webhook.url)
    silent = ValidatorSettings(name="silent")
    hasty = ValidatorSettings(name="hasty", timeout=0.05)
    patient = ValidatorSettings(name="patient", timeout=LONG)
    assert await validators(hanging, silent, hasty, patient).confirm(ANNOUNCEMENT, 0.2) == (
        no("hangs", "the webhook at 127.0.0.1 does not answer within 0.2 s"),
        no("silent", "did not answer within 0.2 s"),
        no("hasty", "did not answer within 0.05 s"),
        no("patient", "did not answer within 0.2 s"),
    )


async def test_one_without_a_webhook_hears_of_it_on_its_channel_and_answers_once() -> None:
    hub = Hub(time.time)
    asked = validators(ValidatorSettings(name="ops"), ValidatorSettings(name="qa"), hub=hub)
    with hub.subscribe([Channel.DEPLOYMENT_COORDINATION]) as messages:
        confirming = asyncio.create_task(asked.confirm(ANNOUNCEMENT, LONG))
        message = await anext(messages)
    assert (message.kind, message.subject) == ("announcement", "deployment 7")
    assert message.sentence == "ada announces a change of shop/webui: new version"
    assert message.payload == announcement_json(ANNOUNCEMENT)
    for number, name, wrong in (
        (8, "ops", "no announcement 8 waits for confirmation; waiting: 7"),
        (7, "nobody", "'nobody' is not asked to confirm announcement 7 here, or not any more; waited for: ops, qa"),
    ):
        with pytest.raises(UsageError, match=wrong):
            asked.answer(number, name, confirmed=True, because="", by="ada")
    assert asked.answer(7, "ops", confirmed=True, because="", by="ada") == (
        "announcement 7 is confirmed by ada, for ops"
    )
    with pytest.raises(UsageError, match="ops has answered announcement 7 already: confirmed by ada"):
        asked.answer(7, "ops", confirmed=False, because="no", by="eve")
    asked.answer(7, "qa", confirmed=False, because="not on\nFridays", by="bob")
    assert await confirming == (
        yes("ops", "confirmed by ada"),
        no("qa", "refused by bob: not on Fridays"),
    )
    with pytest.raises(UsageError, match="no announcement 7 waits for confirmation; waiting: none"):
        asked.answer(7, "qa", confirmed=True, because="", by="bob")


async def test_one_who_was_not_waited_for_any_longer_is_told_so() -> None:
    hub = Hub(time.time)
    asked = validators(ValidatorSettings(name="hasty", timeout=0.01), ValidatorSettings(name="ops"), hub=hub)
    with hub.subscribe([Channel.VALIDATION_RESULTS]) as results:
        confirming = asyncio.create_task(asked.confirm(ANNOUNCEMENT, LONG))
        await anext(results)
        with pytest.raises(UsageError, match=r"'hasty' is not asked to .* or not any more; waited for: ops"):
            asked.answer(7, "hasty", confirmed=True, because="", by="ada")
        asked.answer(7, "ops", confirmed=True, because="", by="ada")
    assert [one.confirmed for one in await confirming] == [False, True]


async def test_each_answer_is_told_when_it_comes(webhook: Webhook) -> None:
    webhook.says(b'{"confirm": false, "because": "red"}')
    hub = Hub(time.time)
    asked = validators(ValidatorSettings(name="ci", webhook=webhook.url), ValidatorSettings(name="ops"), hub=hub)
    with hub.subscribe([Channel.VALIDATION_RESULTS]) as results:
        confirming = asyncio.create_task(asked.confirm(ANNOUNCEMENT, LONG))
        first = await anext(results)
        asked.answer(7, "ops", confirmed=True, because="", by="ada")
        second = await anext(results)
    await confirming
    assert [(one.kind, one.subject, one.sentence) for one in (first, second)] == [
        ("confirmation", "deployment 7", "ci does not: refused: red"),
        ("confirmation", "deployment 7", "ops confirms: confirmed by ada"),
    ]
    assert first.payload == {"announcement": 7, "validator": "ci", "confirmed": False, "because": "refused: red"}


async def test_without_validators_a_change_is_announced_and_nobody_is_waited_for() -> None:
    hub = Hub(time.time)
    with hub.subscribe(list(Channel)) as messages:
        assert await validators(hub=hub).confirm(ANNOUNCEMENT, LONG) == ()
        assert [message.kind for message in await read_all(messages)] == ["announcement"]


async def test_only_those_whom_a_change_concerns_are_asked_and_of_a_removal_all() -> None:
    hub = Hub(time.time)
    asked = validators(ValidatorSettings(name="blog", services=("blog/*",)), hub=hub)
    assert await asked.confirm(ANNOUNCEMENT, LONG) == ()
    removal = Announcement(id=8, at=1.0, by="ada", reason="old", services=("shop/api",), removes=("shop/api",))
    with hub.subscribe([Channel.DEPLOYMENT_COORDINATION]) as messages:
        confirming = asyncio.create_task(asked.confirm(removal, LONG))
        sentence = (await anext(messages)).sentence
    assert sentence == "ada announces a change of shop/api, which takes away shop/api: old"
    asked.answer(8, "blog", confirmed=True, because="", by="bob")
    assert len(await confirming) == 1


async def test_a_change_that_is_given_up_waits_for_nobody(webhook: Webhook) -> None:
    asked = validators(ValidatorSettings(name="ci", webhook=webhook.url), ValidatorSettings(name="ops"))
    confirming = asyncio.create_task(asked.confirm(ANNOUNCEMENT, LONG))
    await eventually(lambda: webhook.bodies)
    confirming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await confirming
    with pytest.raises(UsageError, match="waiting: none"):
        asked.answer(7, "ops", confirmed=True, because="", by="ada")
