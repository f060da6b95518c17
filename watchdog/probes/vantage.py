"""Where checks are asked from: the place where watchdog runs, or the network namespace of a service's container."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from watchdog.engine.protocol import Engine
from watchdog.errors import EngineError
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.probes.ask import FailureKind, ProbeFailure, Vantage
from watchdog.probes.containers import Containers
from watchdog.probes.failures import explain
from watchdog.probes.namespace import Namespace, NotThatContainer
from watchdog.probes.threads import Threads

LOOKUPS: Final = 16
"""Lookups under way at once: one that hangs holds a thread until the system's resolver gives up."""

RESOLV_CONF: Final = Path("/etc/resolv.conf")

READS: Final = 8
"""Containers whose files are read at once: a file on a stranger's file system may hang."""


class Host:
    """The place where watchdog runs, with the system's resolver."""

    def __init__(self) -> None:
        self._threads = Threads(LOOKUPS, "watchdog-lookup")

    @property
    def name(self) -> str | None:
        return None

    async def look_up(self, host: str, seconds: float) -> tuple[str, ...]:  # noqa: ARG002 - as every vantage
        try:
            found = await self._threads.run(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except socket.gaierror as error:
            raise _unresolved(host, error) from error
        except UnicodeError as error:
            raise ProbeFailure(
                FailureKind.NOT_ASKED, f"{host!r} is not a host name: correct the check's target"
            ) from error
        except OSError as error:
            raise explain(error, host) from error
        return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    async def resolv_conf(self) -> str:
        try:
            return await self._threads.run(lambda: RESOLV_CONF.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise explain(error, str(RESOLV_CONF)) from error

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        return socket.socket(family, kind, proto)


class InContainer:
    """The network namespace of a service's container, with the container's own names."""

    def __init__(self, service: ServiceKey, namespace: Namespace, threads: Threads) -> None:
        self._service = service
        self._namespace = namespace
        self._threads = threads

    @property
    def name(self) -> str | None:
        return str(self._service)

    async def look_up(self, host: str, seconds: float) -> tuple[str, ...]:
        from watchdog.probes.names import Names  # dnspython takes a tenth of a second

        return await Names(self, await self._read("etc/hosts"), await self.resolv_conf()).addresses(host, seconds)

    async def resolv_conf(self) -> str:
        return await self._read("etc/resolv.conf")

    async def _read(self, path: str) -> str:
        try:
            return await self._threads.run(lambda: self._namespace.read(path))
        except OSError as error:
            raise _not_entered(self._service, error) from error

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        return self._namespace.socket(family, kind, proto)


class Vantages:
    """Gives each check the place that its `vantage` names. Without `containers` there is only the host."""

    def __init__(self, containers: Containers | None) -> None:
        self.host: Final = Host()
        self._containers = containers
        self._threads = Threads(READS, "watchdog-read")

    @contextlib.asynccontextmanager
    async def inside(self, check: Check, service: ServiceKey) -> AsyncGenerator[Vantage]:
        """The network namespace of that service's container as it runs now; raises ProbeFailure."""
        if self._containers is None:
            raise ProbeFailure(FailureKind.NO_VANTAGE, f"nothing was asked from {service}: no engine is watched here")
        container = self._containers.container_of(service, check.service)
        namespace = await self._enter(service, _running(service, container), self._containers.engine)
        try:
            _try_to_enter(service, namespace)
            yield InContainer(service, namespace, self._threads)
        finally:
            namespace.close()

    async def _enter(self, service: ServiceKey, container: Container, engine: Engine) -> Namespace:
        """What was last seen may be of before a restart: then the engine is asked."""
        with contextlib.suppress(NotThatContainer, FileNotFoundError, ProcessLookupError):
            return _opened(service, container)
        try:
            container = _running(service, await engine.inspect(container.id))
        except EngineError as error:
            raise ProbeFailure(FailureKind.NO_VANTAGE, f"nothing was asked from {service}: {error}") from error
        try:
            return _opened(service, container)
        except (NotThatContainer, FileNotFoundError, ProcessLookupError) as error:
            raise ProbeFailure(
                FailureKind.NO_VANTAGE,
                f"nothing was asked from {service}: this host shows no process {container.pid} of its container; "
                "watchdog must run beside the engine, see its processes (pid: host) and have CAP_SYS_PTRACE",
            ) from error


def _running(service: ServiceKey, container: Container | None) -> Container:
    if container is None:
        raise ProbeFailure(FailureKind.NO_VANTAGE, f"nothing was asked from {service}: it has no container")
    if not container.pid:
        raise ProbeFailure(FailureKind.NO_VANTAGE, f"nothing was asked from {service}: its container does not run")
    return container


def _opened(service: ServiceKey, container: Container) -> Namespace:
    try:
        return Namespace(container.pid, container.id)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ESRCH}:
            raise
        raise _not_entered(service, error) from error


def _try_to_enter(service: ServiceKey, namespace: Namespace) -> None:
    """A lack of capabilities shows here, and is not taken for what the network of the container forbids."""
    try:
        namespace.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as error:
        raise _not_entered(service, error) from error


def _not_entered(service: ServiceKey, error: OSError) -> ProbeFailure:
    match error.errno:
        case errno.EPERM | errno.EACCES:
            why = "watchdog may not enter its container: that takes CAP_SYS_ADMIN and CAP_SYS_PTRACE"
        case errno.ENOENT | errno.ESRCH:
            why = "its container has just ended"
        case errno.ENOSYS:
            why = "the kernel is older than Linux 5.6"
        case errno.EMFILE | errno.ENFILE:
            return explain(error, str(service))
        case _:
            why = f"its container cannot be entered: {error.strerror}"
    return ProbeFailure(FailureKind.NO_VANTAGE, f"nothing was asked from {service}: {why}")


def _unresolved(host: str, error: socket.gaierror) -> ProbeFailure:
    match error.errno:
        case socket.EAI_NONAME:
            return ProbeFailure(FailureKind.DNS, f"the name {host} does not exist")
        case socket.EAI_NODATA | socket.EAI_ADDRFAMILY:
            return ProbeFailure(FailureKind.DNS, f"the name {host} has no address")
        case _:
            return ProbeFailure(
                FailureKind.RESOLVER, f"{host} was not asked: the resolver does not answer ({error.strerror})"
            )
