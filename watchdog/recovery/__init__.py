"""Executes plans: intent before act, outcome after, and what was set aside is put back or removed."""

from watchdog.recovery.manager import Attempted, Errand, ServiceRecoveryManager
from watchdog.recovery.ours import Ours

__all__ = ["Attempted", "Errand", "Ours", "ServiceRecoveryManager"]
