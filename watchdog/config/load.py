"""Settings from the file and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from watchdog.config.build import build
from watchdog.config.checks import refuse_commands_of_others
from watchdog.config.document import find_document
from watchdog.config.environment import expand, overlay, read_environment
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, told
from watchdog.config.rules import is_table
from watchdog.errors import ConfigurationError
from watchdog.model.settings import Settings

_DOCKER: Final = {"DOCKER_HOST": "host", "DOCKER_TLS_VERIFY": "tls_verify", "DOCKER_CERT_PATH": "cert_path"}


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from the environment, else the file, else the defaults.

    The file is `path`, else the one that WATCHDOG_CONFIG names, else /etc/watchdog/config.toml where it exists.
    Raises ConfigurationError that lists every problem, one a line: `FILE:LINE: key.path: what is wrong; allowed: …`.
    """
    document = find_document(path, environ)
    problems = Problems()
    environment = read_environment(environ, problems)
    written = expand(document.values, environ, (), problems)
    values = overlay(written, environment)
    origins = environment.origins | _docker(values, environ)
    settings = build(values, document.origin, problems)
    refuse_commands_of_others(values, document.origin, environment.origins, problems)
    if problems.found:
        source = str(document.origin or "configuration")
        raise ConfigurationError(told(problems, source, values, document.lines(), origins))
    return settings


def _docker(values: dict[str, Any], environ: Mapping[str, str]) -> dict[KeyPath, str]:
    """Fills in what Docker's own variables say, all or nothing: only where no engine is configured.

    As for the docker command any text in DOCKER_TLS_VERIFY, even 0, means yes.
    """
    engine = is_table(values.get("engine", {}))
    if engine is None or "host" in engine:
        return {}
    found = {key: (environ[name], name) for name, key in _DOCKER.items() if environ.get(name) and key not in engine}
    if not found:
        return {}
    filled = {key: True if key == "tls_verify" else text for key, (text, _) in found.items()}
    values["engine"] = filled | engine
    return {("engine", key): name for key, (_, name) in found.items()}
