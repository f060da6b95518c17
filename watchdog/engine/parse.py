"""● The engine's JSON as the model's values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from watchdog.engine.fields import bounded, entries, section
from watchdog.engine.namespaces import joined
from watchdog.engine.protocol import EngineEvent, Summary
from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy

NANOSECONDS: Final = 1e9
DEFAULT_STOP_TIMEOUT: Final = 10.0
DEFAULT_ASKING: Final = 30.0
"""Seconds: the interval of a health check, and its time-out, where none is given."""
DEFAULT_CPU_PERIOD: Final = 100_000
"""Microseconds."""
NEVER: Final = "0001-01-01"
"""How the engine spells a time that has not come."""
WRITABLE: Final = frozenset({"volume", "bind", "cluster"})


def container_from(found: Mapping[str, Any]) -> Container:
    """GET /containers/ID/json as a Container."""
    state, config, host = found["State"], found["Config"], found["HostConfig"]
    health = section(state, "Health")
    policy = section(host, "RestartPolicy")
    stop_timeout = config.get("StopTimeout")
    writable = [mount for mount in entries(found, "Mounts") if mount["RW"] and mount["Type"] in WRITABLE]
    log: list[Mapping[str, Any]] = entries(health, "Log")
    return Container(
        id=found["Id"],
        name=found["Name"].lstrip("/"),
        image=config["Image"],
        image_id=found["Image"],
        state=ContainerState(state["Status"]),
        pid=state.get("Pid") or 0,
        healthcheck=HealthcheckState(health.get("Status") or "none"),
        healthcheck_output=bounded(log[-1].get("Output") or "") if log else "",
        probed_at=moment(log[-1]["Start"]) if log else None,
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        error=bounded(state["Error"]),
        created_at=moment(found["Created"]) or 0.0,
        started_at=moment(state["StartedAt"]),
        finished_at=moment(state["FinishedAt"]),
        restart_policy=RestartPolicy(policy.get("Name") or "no"),
        restart_retries=policy.get("MaximumRetryCount") or 0,
        restart_count=found.get("RestartCount") or 0,
        auto_remove=bool(host.get("AutoRemove")),
        writable_mounts=bool(writable),
        writes_to=tuple(str(mount["Source"]) for mount in writable if mount.get("Source")),
        cpu_limit=_cpu_limit(host),
        stop_timeout=DEFAULT_STOP_TIMEOUT if stop_timeout is None else float(stop_timeout),
        start_period=(section(config, "Healthcheck").get("StartPeriod") or 0) / NANOSECONDS,
        healthcheck_period=_period(section(config, "Healthcheck")),
        chosen_ports=_chosen_ports(found),
        labels=section(config, "Labels"),
        joined=joined(host),
    )


def _cpu_limit(host: Mapping[str, Any]) -> float:
    """By `--cpus`, else by the CFS quota, whose period is 100 ms where none is given."""
    if host.get("NanoCpus"):
        return host["NanoCpus"] / NANOSECONDS
    return max(0, host.get("CpuQuota") or 0) / (host.get("CpuPeriod") or DEFAULT_CPU_PERIOD)


def _period(healthcheck: Mapping[str, Any]) -> float:
    """Interval and time-out of a health check; zero stands for the engine's default. 0 where there is none."""
    given = [(healthcheck.get(part) or 0) / NANOSECONDS for part in ("Interval", "Timeout")]
    return sum(seconds or DEFAULT_ASKING for seconds in given) if healthcheck.get("Test") else 0.0


def _chosen_ports(found: Mapping[str, Any]) -> tuple[str, ...]:
    bindings = section(found["HostConfig"], "PortBindings")
    published = section(found["NetworkSettings"], "Ports")
    chosen = (port for port in published if all(_is_left_to_the_engine(one) for one in bindings.get(port) or ()))
    pairs = {(port, one["HostPort"]) for port in chosen for one in published[port] or ()}
    return tuple(f"{port} at {host_port}" for port, host_port in sorted(pairs))


def _is_left_to_the_engine(binding: Mapping[str, Any]) -> bool:
    return binding.get("HostPort") in {None, "", "0"} or "-" in binding["HostPort"]


def named(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of GET /containers/json without ghosts: what was removed while its health check was answered may stay listed, as
    running and without a name, until the engine starts again (20.10).
    """
    return [line for line in lines if line["Names"]]


def summary_from(line: Mapping[str, Any]) -> Summary:
    """An element of GET /containers/json. A linked container has names with two slashes beside its own."""
    names = [name.lstrip("/") for name in line["Names"] if name.count("/") == 1]
    return Summary(
        id=line["Id"],
        name=names[0] if names else line["Id"][:12],
        image=line["Image"],
        image_id=line["ImageID"],
        state=line["State"],
        status=line["Status"],
        created_at=float(line["Created"]),
        labels=section(line, "Labels"),
    )


def event_from(message: Mapping[str, Any]) -> EngineEvent:
    """A line of GET /events. `health_status: unhealthy` is action health_status, and attribute too."""
    action, _, detail = str(message["Action"]).partition(": ")
    attributes = section(message["Actor"], "Attributes")
    return EngineEvent(
        kind=message["Type"],
        action=action,
        actor=message["Actor"]["ID"],
        at=message["timeNano"] / NANOSECONDS,
        attributes={**attributes, action: detail} if detail else attributes,
    )


def moment(text: str) -> float | None:
    """RFC 3339 as Unix seconds; None for a time that has not come."""
    return None if text.startswith(NEVER) else datetime.fromisoformat(text).timestamp()
