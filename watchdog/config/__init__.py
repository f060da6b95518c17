"""TOML and environment → `Settings`, labels → one service's settings, Compose files → what should run.

Nothing is imported here: a short command that asks the daemon needs `door` alone, and must not wait for the rest.
"""
