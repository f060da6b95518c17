"""A random stack of services, as a value: the same chance makes the same stack."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.engine import BASE_IMAGE

SERVICE = "lab.service"
"""Label by which the oracle knows whose a container is, whoever made it and whatever it is called."""
ROUND = "lab.round"
POLICIES = ("no", "no", "no", "on-failure", "always", "unless-stopped")
MOST = 6
FIRST_PORT = 8100
SECOND = 1_000_000_000
"""The engine counts in nanoseconds."""
HEALTH_INTERVAL = 0.8

_ORDERS = """
exec 3<>/run/order
read code <&3
exit $code
"""
"""The first process waits for the number to exit with. The pipe is on a tmpfs: once it is there, this start is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service with one container."""

    number: int
    project: str
    name: str
    """Of its container."""
    policy: str
    """Docker's restart policy."""
    probed: bool
    """It has a HEALTHCHECK."""
    port: int | None
    """Published, and asked by a check of watchdog's."""
    volume: str | None
    network: str | None
    needs: tuple[str, ...]
    """Names of other services of the stack, as labels write them."""
    heeds_term: bool

    @property
    def key(self) -> str:
        """What watchdog calls it."""
        return f"{self.project}/{self.short}" if self.project else self.name

    @property
    def short(self) -> str:
        """Its name within its project."""
        return "abcdef"[self.number]

    def docker_restarts(self, exit_code: int) -> bool:
        """Whether Docker's own restart policy brings it back after that."""
        return self.policy in {"always", "unless-stopped"} or (self.policy == "on-failure" and exit_code != 0)

    def __str__(self) -> str:
        words = [self.key, f"restart={self.policy}"]
        words += ["healthcheck"] if self.probed else []
        words += [f"port={self.port}"] if self.port else []
        words += ["volume"] if self.volume else []
        words += [f"network={self.network}"] if self.network else []
        words += [f"needs={','.join(self.needs)}"] if self.needs else []
        return " ".join(words)

    def body(self, number: int, environment: Mapping[str, str]) -> dict[str, Any]:
        """What `POST /containers/create` is sent."""
        shell = "[ -e /tmp/stuck ] || { touch /tmp/good; echo ok > /www/index.html; }\n"
        shell += "trap 'exit 0' TERM\n" if self.heeds_term else ""
        shell += "httpd -p 80 -h /www\n" if self.port else ""
        body: dict[str, Any] = {
            "Image": BASE_IMAGE,
            "Cmd": ["sh", "-c", f"{shell}mkfifo /run/order{_ORDERS}"],
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Labels": self._labels(number),
            "StopTimeout": 1,
            "HostConfig": {
                "RestartPolicy": {"Name": self.policy},
                "Tmpfs": {"/run": ""},
                "NetworkMode": self.network or "bridge",
            },
        }
        if self.probed:
            times = {"Interval": int(HEALTH_INTERVAL * SECOND), "Timeout": 20 * SECOND, "Retries": 1}
            body["Healthcheck"] = {"Test": ["CMD", "test", "-e", "/tmp/good"], **times}
        if self.port:
            body["ExposedPorts"] = {"80/tcp": {}}
            body["HostConfig"]["PortBindings"] = {"80/tcp": [{"HostPort": str(self.port)}]}
        if self.volume:
            body["HostConfig"]["Binds"] = [f"{self.volume}:/data"]
            body["Volumes"] = {"/cache": {}}
        if self.network:
            body["NetworkingConfig"] = {
                "EndpointsConfig": {self.network: {"Aliases": [self.short, f"{self.short}-too"]}}
            }
        return body

    def _labels(self, number: int) -> dict[str, str]:
        labels = {SERVICE: self.key, ROUND: str(number)}
        if self.port:
            words = {"url": f"http://127.0.0.1:{self.port}/", "interval": "2s", "retry-interval": "300ms"}
            labels |= {f"watchdog.check.page.{word}": value for word, value in {**words, "timeout": "2s"}.items()}
        if not self.project:
            return labels | ({"watchdog.depends-on": ",".join(self.needs)} if self.needs else {})
        compose = {"project": self.project, "service": self.short, "container-number": "1", "oneoff": "False"}
        compose |= {"config-hash": "0" * 64}
        compose |= {"depends_on": ",".join(f"{name}:service_started:false" for name in self.needs)}
        return labels | {f"com.docker.compose.{word}": value for word, value in compose.items()}


@dataclass(frozen=True, slots=True)
class Stack:
    """All services of a round. Every name in it begins with the round's, so that rounds have nothing in common."""

    number: int
    services: tuple[Service, ...]

    @property
    def networks(self) -> dict[str, dict[str, str]]:
        """Name → labels of each network of its own."""
        labels: dict[str, dict[str, str]] = {}
        for service in self.services:
            if service.network:
                compose = {"com.docker.compose.project": service.project, "com.docker.compose.network": "net"}
                labels[service.network] = compose if service.project else {}
        return labels


def draw_stack(chance: random.Random, number: int) -> Stack:
    """One to six services; each may need some of those before it."""
    prefix = f"r{number}"
    composed = chance.random() < 0.5
    services: list[Service] = []
    for index in range(chance.randint(1, MOST)):
        short = "abcdef"[index]
        name = f"{prefix}-{short}-1" if composed else f"{prefix}-{short}"
        roots = [one for one in services if chance.random() < 0.35]
        services.append(
            Service(
                number=index,
                project=prefix if composed else "",
                name=name,
                policy=chance.choice(POLICIES),
                probed=chance.random() < 0.4,
                port=FIRST_PORT + index if chance.random() < 0.5 else None,
                volume=f"{name}-data" if chance.random() < 0.5 else None,
                network=f"{prefix}_net" if chance.random() < 0.4 else None,
                needs=tuple(one.short if composed else one.name for one in roots),
                heeds_term=chance.random() < 0.5,
            )
        )
    return Stack(number, tuple(services))
