"""The network namespace and the files of a running container, by the PID of its first process: no tools needed in it.

A socket stays in the namespace that it was made in, so a thread that lives for one socket enters it (setns(2)) and
ends. Needs CAP_SYS_ADMIN (setns) and CAP_SYS_PTRACE (`/proc/PID/ns`, `/proc/PID/root`) on the engine's own host.
"""

from __future__ import annotations

import ctypes
import os
import socket
import stat
import threading
from typing import Final

CLONE_NEWNET: Final = 0x40000000
OPENAT2: Final = 437
"""The system call's number, the same on every architecture that Docker runs on."""
RESOLVE_IN_ROOT: Final = 0x10
RESOLVE_NO_MAGICLINKS: Final = 0x02
FILE_LIMIT: Final = 65536
"""Bytes of a file in a container that are read: it is a stranger's."""


class NotThatContainer(Exception):
    """The process is no longer, or never was, the container's."""


class _OpenHow(ctypes.Structure):
    """`struct open_how` of openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class Namespace:
    """Opened on a process, it stays with that one: a PID that is used again is not mistaken for it."""

    def __init__(self, pid: int, container: str) -> None:
        """`container` is the full ID. Raises NotThatContainer, or OSError where this host does not show the process."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._process = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._must_be(container)
        except BaseException:
            self.close()
            raise

    def _must_be(self, container: str) -> None:
        if container not in _content(os.open("cgroup", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._process)):
            raise NotThatContainer

    def close(self) -> None:
        os.close(self._process)

    def socket(self, family: int, kind: int, proto: int = 0) -> socket.socket:
        """A socket that lives in the namespace; raises PermissionError where that may not be entered, and OSError."""
        made: list[socket.socket | OSError] = []

        def make() -> None:
            try:
                self._enter()
                made.append(socket.socket(family, kind, proto))
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=make, name="watchdog-namespace", daemon=True)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def read(self, path: str) -> str:
        """The beginning of a regular file of the container, its links followed inside of it; '' where there is none.

        Raises OSError. May hang: not to be called in an event loop.
        """
        root = os.open("root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._process)
        how = _OpenHow(os.O_PATH | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        try:
            found = self._libc.syscall(OPENAT2, root, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
            number = ctypes.get_errno()
        finally:
            os.close(root)
        if found < 0:
            error = OSError(number, os.strerror(number))
            if isinstance(error, FileNotFoundError):
                return ""
            raise error
        try:
            if not stat.S_ISREG(os.fstat(found).st_mode):  # opening a pipe or a device would do something
                return ""
            return _content(os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_CLOEXEC))
        finally:
            os.close(found)

    def _enter(self) -> None:
        """Moves the calling thread; `os.setns` comes with Python 3.12."""
        namespace = os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._process)
        try:
            if self._libc.setns(namespace, CLONE_NEWNET) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        finally:
            os.close(namespace)


def _content(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        return file.read(FILE_LIMIT).decode("utf-8", "replace")
