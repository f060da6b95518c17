"""What is asked while probes are measured: nginx over HTTP and TLS, and blackbox_exporter, which asks it too."""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.probes.authority import Authority
from tests.probes.servers import free_port

READY_WITHIN = 30.0
DEBIAN = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}

NGINX = """
daemon off;
pid {directory}/nginx.pid;
error_log stderr crit;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{plain};
    listen [::1]:{plain};
    listen 127.0.0.1:{tls} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    ssl_session_cache off;
    ssl_session_tickets off;
    location / {{ default_type text/plain; return 200 "all is well\\n"; }}
  }}
}}
"""

BLACKBOX = """
modules:
  http_2xx:
    prober: http
    http:
      preferred_ip_protocol: ip4
      tls_config:
        ca_file: {authority}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Ports on 127.0.0.1, and the PEM file of the authority that signed the certificate."""

    plain: int
    tls: int
    authority: Path


@contextmanager
def running(command: Sequence[str], port: int) -> Generator[int]:
    """The process ID of a program, once it serves on that port of 127.0.0.1."""
    process = subprocess.Popen(command, env=DEBIAN)
    try:
        deadline = time.monotonic() + READY_WITHIN
        while not _answers(port):
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < deadline, f"{command[0]} does not answer within {READY_WITHIN:g} s"
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def target(directory: Path) -> Generator[Target]:
    """nginx, with one worker."""
    directory.chmod(0o755)  # its worker is another user
    authority = Authority(directory)
    issued = authority.issue()
    authority.server(issued)
    certificate = directory / f"{issued.certificate.serial_number}.pem"  # where the authority keeps it, with its key
    made = Target(free_port(), free_port(), authority.path)
    file = directory / "nginx.conf"
    file.write_text(NGINX.format(directory=directory, certificate=certificate, plain=made.plain, tls=made.tls))
    with running(["nginx", "-c", str(file)], made.plain):
        yield made


@contextmanager
def blackbox(directory: Path, made: Target) -> Generator[tuple[int, int]]:
    """Process ID and port of blackbox_exporter, which trusts the target's authority."""
    port, file = free_port(), directory / "blackbox.yml"
    file.write_text(BLACKBOX.format(authority=made.authority))
    command = ["prometheus-blackbox-exporter", f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}"]
    with running([*command, "--log.level=error"], port) as pid:
        yield pid, port


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
