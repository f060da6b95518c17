"""The hash by which Docker Compose tells whether a container is still as its service is configured.

It is the SHA-256 of the service as Go writes it in JSON, less what does not concern one container (Compose 2.40,
`pkg/compose/hash.go`). `config --format json` prints the same fields in the same order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

_NO_PART: Final = frozenset({"build", "pull_policy", "scale", "depends_on", "profiles"})
_ESCAPED: Final = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})
_NAMESPACES: Final = ("network_mode", "ipc", "pid")
_SERVICE: Final = "service:"
_CONTAINER: Final = "container:"


def config_hash(service: Mapping[str, Any]) -> str:
    """Of a service of a project that `config --format json` printed, its `$$` read as `$`."""
    content = {key: value for key, value in service.items() if key not in _NO_PART}
    if "deploy" in content:
        content["deploy"] = {key: value for key, value in content["deploy"].items() if key != "replicas"}
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)
    return hashlib.sha256(written.encode()).hexdigest()


def with_env_files(service: Mapping[str, Any], written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The service with what `written` (`config --no-interpolate`) says of `env_file`, whose variables are taken out.

    That is what `config --hash` takes the hash of; containers get that of the service with the variables read.
    """
    files = [_env_file(one) for one in written.get("env_file") or ()]
    if not files:
        return service
    own: Mapping[str, Any] = written.get("environment") or {}
    content = dict(service)
    kept = {name: value for name, value in content.pop("environment", {}).items() if name in own}
    found: dict[str, Any] = {}
    for key, value in content.items():
        found[key] = value
        if key == "entrypoint":  # always there, and these follow it
            found |= ({"environment": kept} if kept else {}) | {"env_file": files}
    return found


def _env_file(written: Mapping[str, Any]) -> Any:
    return written["path"] if written.get("required", True) else dict(written)


def lives_in(service: Mapping[str, Any]) -> frozenset[str]:
    """The services the IDs of whose containers Compose puts into the configuration before it takes the hash."""
    modes = [str(service.get(key) or "") for key in _NAMESPACES]
    shared = {mode.removeprefix(_SERVICE) for mode in modes if mode.startswith(_SERVICE)}
    sources = [
        source.split(":")[0] for source in service.get("volumes_from") or () if not source.startswith(_CONTAINER)
    ]
    return frozenset(shared.union(sources))


def settled(service: Mapping[str, Any], containers: Mapping[str, str]) -> Mapping[str, Any]:
    """The service with those IDs (service → full ID) in the places where Compose puts them."""
    found = dict(service)
    for key in _NAMESPACES:
        mode = str(found.get(key) or "")
        if mode.startswith(_SERVICE):
            found[key] = _CONTAINER + containers[mode.removeprefix(_SERVICE)]
    if found.get("volumes_from"):
        parts = [source.split(":") for source in found["volumes_from"]]
        found["volumes_from"] = [part[1] if part[0] == "container" else containers[part[0]] for part in parts]
    return found
