"""The words of `docs/architecture.md` as frozen values. Pure: no IO, no clock, no randomness."""
