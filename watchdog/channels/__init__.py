"""Channels that tell while it happens, and those who confirm changes: for whoever coordinates with the daemon."""
