"""Which service a person means by a name."""

from __future__ import annotations

from collections.abc import Iterable

from watchdog.errors import UnknownService
from watchdog.model.identity import ServiceKey


def goes_by(key: ServiceKey, name: str) -> bool:
    """`shop/webui` names one service, `webui` those of that name in every project."""
    return name in {str(key), key.label}


def find_service(name: str, keys: Iterable[ServiceKey]) -> ServiceKey:
    """The one service that is meant; raises UnknownService, with the candidates, for none or several."""
    keys = sorted(set(keys))
    found = [key for key in keys if goes_by(key, name)]
    exact = [key for key in found if str(key) == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    candidates = tuple(map(str, found or keys))
    listed = ", ".join(candidates) or "none"
    if found:
        raise UnknownService(f"{name!r} is more than one service: say which of {listed}", candidates)
    raise UnknownService(f"no service is called {name!r}; there are: {listed}", candidates)
