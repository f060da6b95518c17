"""What an incident may be about, beside a service."""

from __future__ import annotations

from typing import Final

CHECK: Final = "check "
"""Begins the subject of a single check of a service: `check shop/webui page`."""
ENDPOINT: Final = "endpoint "
"""Begins that of a stand-alone endpoint."""
ENGINE: Final = "engine"
"""That the engine is away."""
OBSERVER: Final = "observer"
"""That watchdog itself cannot see."""

DEPLOYMENT = "deployment "
