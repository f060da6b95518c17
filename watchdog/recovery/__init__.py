"""Executes plans: intent before act, outcome after, and what was set aside is put back or removed."""
