"""The outside client that never stops asking: prints a line a request, `STARTED ENDED OK`, in monotonic seconds.

Run inside the engine's network namespace: `python poller.py PORT`. Every request is a new connection, as a browser's
first one is, and gives up after 0.2 s, as people do not.
"""

from __future__ import annotations

import socket
import sys
import time

GIVE_UP = 0.2
PAUSE = 0.004


def ask(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), GIVE_UP) as connection:
            connection.settimeout(GIVE_UP)
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(12).endswith(b"200")
    except OSError:
        return False


def main() -> None:
    port = int(sys.argv[1])
    while True:
        started = time.monotonic()
        answered = ask(port)
        sys.stdout.write(f"{started:.6f} {time.monotonic():.6f} {int(answered)}\n")
        sys.stdout.flush()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
