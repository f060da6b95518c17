"""The two sockets that the API listens on, opened by us so that every failure is one sentence."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Final

from watchdog.errors import WatchdogError

_BACKLOG: Final = 128
_PATH_LENGTH: Final = 107
"""Bytes of a unix socket's path that Linux takes (`sun_path` of unix(7)), with room for the terminating zero."""
_SUFFIX: Final = ".new"


def listen_tcp(host: str, port: int) -> list[socket.socket]:
    """One socket for each address of `host`; port 0 takes a free one. Raises WatchdogError."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise WatchdogError(
            f"Cannot listen on {where}: {host!r} is no address of this machine. Set [api] listen."
        ) from error
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = socket.socket(family, kind, protocol)
            sockets.append(listener)
            listener.setblocking(False)  # noqa: FBT003 - positional-only in the standard library
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise WatchdogError(f"Cannot listen on {where}: {_why(error)}") from error
    return sockets


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program already does. Stop it, or choose another address with [api] listen."
        case errno.EACCES:
            return "ports below 1024 need root. Choose another one with [api] listen."
        case errno.EADDRNOTAVAIL:
            return "it is no address of this machine. Set [api] listen."
        case _:
            return f"{os.strerror(error.errno or 0)}. Choose another address with [api] listen."


class UnixListener:
    """A unix socket that only our user may use (0600).

    It is made under another name and moved into place when it listens: there is no moment at which somebody else
    may connect, and a stale one is replaced without a gap.
    """

    def __init__(self, path: Path) -> None:
        """Raises WatchdogError: somebody answers there, the path is taken or too long, or may not be written."""
        self.path = path
        temporary = path.with_name(path.name + _SUFFIX)
        if len(os.fsencode(temporary)) > _PATH_LENGTH:
            raise WatchdogError(
                f"The path of the unix socket {path} is too long: Linux takes {_PATH_LENGTH - len(_SUFFIX)} bytes. "
                "Set [api] socket."
            )
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            _refuse_if_taken(path)
            temporary.unlink(missing_ok=True)
            self.socket = _listening(temporary)
            temporary.rename(path)
            self._inode = path.stat().st_ino
        except OSError as error:
            raise WatchdogError(
                f"Cannot listen on the unix socket {path}: {os.strerror(error.errno or 0)}: {error.filename or path}. "
                "Set [api] socket to a path that this user may write."
            ) from error

    def remove(self) -> None:
        """Takes the file away, unless it is another daemon's by now."""
        try:
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()
        except OSError:
            pass  # gone already, or the directory is: nobody can connect, which is what is wanted


def _listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)  # noqa: FBT003 - positional-only in the standard library
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _refuse_if_taken(path: Path) -> None:
    """A socket at which nobody answers is stale and may be replaced; anything else at that path may not."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise WatchdogError(f"{path} exists and is no socket: remove it, or set [api] socket to another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            return
        except (TimeoutError, BlockingIOError):
            pass  # somebody listens and is busy
    raise WatchdogError(f"Another daemon already answers on {path}: stop it, or set [api] socket to another path.")
