"""What kinds of receivers there are."""

from __future__ import annotations

from watchdog.alerts.alertmanager import AlertmanagerReceiver
from watchdog.alerts.apprise import AppriseReceiver
from watchdog.alerts.command import CommandReceiver
from watchdog.alerts.receiver import Receiver
from watchdog.alerts.webhook import WebhookReceiver
from watchdog.model.settings import ReceiverKind, ReceiverSettings


def receiver_of(settings: ReceiverSettings) -> Receiver:
    match settings.kind:
        case ReceiverKind.WEBHOOK:
            return WebhookReceiver(settings)
        case ReceiverKind.ALERTMANAGER:
            return AlertmanagerReceiver(settings)
        case ReceiverKind.APPRISE:
            return AppriseReceiver(settings)
        case ReceiverKind.COMMAND:
            return CommandReceiver(settings)
