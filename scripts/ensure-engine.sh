#!/bin/bash
# Brings a Docker engine where none is reachable, and says so; one that exists is used as it is.
set -eu -o pipefail

here=$(dirname "$0")
socket=/var/run/docker.sock
log=/var/log/dockerd.log

answers() {
  python3 - "$socket" <<'PYTHON' 2>/dev/null
import socket, sys
with socket.socket(socket.AF_UNIX) as engine:
    engine.settimeout(5)
    engine.connect(sys.argv[1])
    engine.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
    sys.exit(b" 200 " not in engine.recv(100))
PYTHON
}

wait_for_answer() {
  for _ in $(seq 120); do
    if answers; then return 0; fi
    sleep 0.5
  done
  return 1
}

if [ -n "${DOCKER_HOST:-}" ]; then
  echo "DOCKER_HOST is set: the engine at $DOCKER_HOST is used."
  exit 0
fi
if answers; then
  echo "An engine answers on $socket: it is used as it is."
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "No engine answers on $socket: start it, join the docker group (which equals root), or run this as root." >&2
  exit 1
fi
if ! command -v dockerd >/dev/null; then
  echo "No Docker engine on this machine: installing Debian's docker.io."
  "$here/ensure-packages.sh" docker.io
  command -v docker >/dev/null || "$here/ensure-packages.sh" docker-cli
fi
if ! answers; then
  if [ -d /run/systemd/system ]; then
    echo "Starting the engine by systemd (docker.service)."
    systemctl start docker.service
  else
    echo "Starting the engine (dockerd, log in $log; it keeps running afterwards)."
    setsid dockerd >>"$log" 2>&1 </dev/null &
  fi
fi
if ! wait_for_answer; then
  echo "The engine does not answer on $socket after a minute: see $log or \`journalctl -u docker\`." >&2
  exit 1
fi
echo "An engine answers on $socket."
