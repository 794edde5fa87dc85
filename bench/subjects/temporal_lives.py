"""Temporal's development server over SQLite: a life is a workflow of five activities."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from bench.subjects.protocol import STEPS, serve

TEMPORAL = Path(sys.executable).with_name("temporal")
QUEUE = "lives"
AT_ONCE = 50
PATIENCE = timedelta(minutes=1)

_numbers = count(1)


@activity.defn
def step(number: int) -> int:
    """One durable step."""
    return number


@workflow.defn
class Life:
    """A life of activities, or of local activities, which the server hears of with the next task
    only."""

    @workflow.run
    async def run(self, is_local: bool) -> int:
        """Five steps."""
        execute = workflow.execute_local_activity if is_local else workflow.execute_activity
        total = 0
        for number in range(STEPS):
            total += await execute(step, number, start_to_close_timeout=PATIENCE)
        return total


async def live(client: Client, lives: int, is_local: bool) -> None:
    """So many lives, a number of them at once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with turn:
            name = f"life-{next(_numbers)}"
            await client.execute_workflow(Life.run, is_local, id=name, task_queue=QUEUE)

    await asyncio.gather(*(one() for _ in range(lives)))


async def connected(port: str) -> Client:
    """A client, as soon as the server is there."""
    for _ in range(300):
        try:
            return await Client.connect(f"127.0.0.1:{port}")
        except (RuntimeError, RPCError):
            await asyncio.sleep(0.1)
    raise SystemExit("Temporal's server did not start")


async def main(port: str) -> None:
    """Serves until stdin closes; the worker runs beside."""
    with TemporaryDirectory(prefix="bench-temporal-") as folder:
        server = subprocess.Popen(
            [
                str(TEMPORAL),
                *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", port),
                *("--db-filename", f"{folder}/lives.db", "--log-level", "error"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            await lived(await connected(port), server.pid)
        finally:
            server.terminate()
            server.wait()


async def lived(client: Client, server: int) -> None:
    """Lives on demand."""
    loop = asyncio.get_running_loop()

    def mode(is_local: bool) -> Callable[[int], None]:
        def run(lives: int) -> None:
            work: Coroutine[Any, Any, None] = live(client, lives, is_local)
            asyncio.run_coroutine_threadsafe(work, loop).result()

        return run

    with ThreadPoolExecutor(AT_ONCE) as threads:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[Life],
            activities=[step],
            activity_executor=threads,
        )
        async with worker:
            modes = {"activities": mode(False), "local activities": mode(True)}
            await asyncio.to_thread(serve, modes, server)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
