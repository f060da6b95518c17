"""The outside client that never stops asking: prints a line a request, `PORT STARTED ENDED OK`, in monotonic seconds.

Run inside the engine's network namespace; each line on stdin is the port to ask from now on, its end is the end. A
request starts every 10 ms on a new connection, whether the earlier ones are answered or not, as those of many people
do: no answer is waited for blindly.
"""

from __future__ import annotations

import asyncio
import sys
import time

EVERY = 0.01
GIVE_UP = 3.0


async def ask(port: int) -> None:
    started = time.monotonic()
    answered = False
    try:
        async with asyncio.timeout(GIVE_UP):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                answered = (await reader.read(12)).endswith(b"200")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        pass
    sys.stdout.write(f"{port} {started:.6f} {time.monotonic():.6f} {int(answered)}\n")
    sys.stdout.flush()


async def main() -> None:
    told = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    line = await told.readline()
    another = asyncio.create_task(told.readline())
    async with asyncio.TaskGroup() as asking:
        while line:
            asking.create_task(ask(int(line)))
            await asyncio.wait([another], timeout=EVERY)
            if another.done():
                line, another = another.result(), asyncio.create_task(told.readline())
        another.cancel()


if __name__ == "__main__":
    asyncio.run(main())
