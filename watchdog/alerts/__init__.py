"""Delivery of alerts to files, a webhook and a command; queued, never on the check path."""

from watchdog.alerts.alerter import Alerter

__all__ = ["Alerter"]
