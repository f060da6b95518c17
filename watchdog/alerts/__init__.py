"""Delivery of alerts to files, a webhook and a command; queued, never on the check path."""
