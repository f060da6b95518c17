"""Checks as written: one file for each kind of probe, registered in `kinds`."""

from watchdog.config.checks.build import read_check, timing
from watchdog.config.checks.command import refuse_commands_of_others
from watchdog.config.checks.heartbeat import unverifiable
from watchdog.config.checks.kinds import KINDS
from watchdog.config.checks.secrets import secret
from watchdog.config.checks.section import CheckSection

__all__ = ["KINDS", "CheckSection", "read_check", "refuse_commands_of_others", "secret", "timing", "unverifiable"]
