"""From what a person orders to the deployment that may begin; nothing is asked of the engine."""

from __future__ import annotations

from watchdog.deployments.host import DeploymentHost
from watchdog.errors import UsageError
from watchdog.model.deployment import Deployment, DeployOrder, Limits, Scope, Stage
from watchdog.model.identity import ServiceKey
from watchdog.policy.deployment import shown_command
from watchdog.policy.naming import find_service, goes_by


def opened(order: DeployOrder, host: DeploymentHost, token_hash: str = "") -> Deployment:
    """Without a number and a mark, which one that begins is given. Raises UnknownService and UsageError."""
    known = host.services()
    planned = {ServiceKey(order.project, name) for name in order.planned} if order.project else set[ServiceKey]()
    services = tuple(find_service(name, {*known, *planned}) for name in order.services)
    scope = Scope(services=services, projects=(order.project,) if order.project and not services else ())
    retire = tuple(find_service(name, known) for name in order.retire)
    outside = [str(key) for key in retire if not scope.covers(key)]
    if outside:
        raise UsageError(f"{', '.join(outside)} is to be retired and is not in the scope ({scope})")
    checks = {one.check.name for one in host.alone()}
    for name in order.excuse:
        if name not in checks and not any(goes_by(key, name) for key in known):
            find_service(name, known)
    return Deployment(
        id=0,
        stage=Stage.OPENING,
        by=order.by,
        uid=order.uid,
        reason=order.reason,
        command=shown_command(order.command),
        scope=scope,
        limits=_limits(order, host.settings.limits),
        retire=retire,
        excused=order.excuse,
        began_at=host.wall(),
        token_hash=token_hash,
    )


def _limits(order: DeployOrder, usual: Limits) -> Limits:
    return Limits(
        max_services=order.max_services if order.max_services is not None else usual.max_services,
        max_downtime=order.max_downtime if order.max_downtime is not None else usual.max_downtime,
        timeout=order.timeout if order.timeout is not None else usual.timeout,
        soak=order.soak if order.soak is not None else usual.soak,
    )
