"""`python -m bench.aws`: serves on a free port of the loopback address until stdin closes."""

import asyncio
import os
import selectors
import sys
from threading import Thread

from bench.aws.cloud import Cloud
from bench.aws.http import Connection


async def main() -> None:
    """Prints the port first."""
    loop, cloud = asyncio.get_running_loop(), Cloud()
    server = await loop.create_server(lambda: Connection(cloud.answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    Thread(target=_end_with_parent, daemon=True).start()
    await server.serve_forever()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    # `select` waits as long as it is told; epoll rounds up to the next millisecond.
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(main())
