"""Images without a registry: a tar archive around Debian's static busybox, for `docker import`."""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import tarfile

from tests.lab.ground import LabUnavailable


def busybox_archive(marker: str) -> bytes:
    """A root file system with every applet in /bin and `marker` in /marker: another marker, another image ID."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in ("bin", "tmp", "www", "etc", "root", "data"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        _add(tar, "bin/busybox", _busybox(), mode=0o755)
        for applet in _applets():
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
        _add(tar, "etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        _add(tar, "www/index.html", b"ok\n")
        _add(tar, "marker", f"{marker}\n".encode())
    return archive.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


@functools.cache
def _busybox() -> bytes:
    path = shutil.which("busybox")
    if path is None:
        raise LabUnavailable("not found: busybox (Debian's busybox-static)")
    with open(path, "rb") as program:  # noqa: PTH123 - a path from shutil.which
        return program.read()


@functools.cache
def _applets() -> tuple[str, ...]:
    listing = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True).stdout
    return tuple(applet for applet in listing.split() if applet != "busybox")
