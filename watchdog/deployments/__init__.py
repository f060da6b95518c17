"""`DeploymentSafetyGuard`: a deployment commits what is proven, and what is not is rolled back."""

from __future__ import annotations

from watchdog.deployments.guard import DeploymentSafetyGuard

__all__ = ["DeploymentSafetyGuard"]
