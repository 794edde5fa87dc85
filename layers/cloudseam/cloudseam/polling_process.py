"""A function as a long-running process: it polls its queue by itself, until it is told to end."""

from __future__ import annotations

import argparse
import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from cloudseam.poller import (
    LONGEST_TIMEOUT_SECONDS,
    MAX_BATCH_SIZE,
    MAX_TIMEOUT_SECONDS,
    Handler,
    poll,
)
from cloudseam.schedule import call_every

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Long enough to ask seldom, short enough to end within the 10 s that containers are given.
WAIT_SECONDS = 8
# What the state machine function is called with to sweep.
SWEEP = {"sweep": True}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Polling:
    """How to poll: how many pollers side by side, messages per batch, seconds per batch, and
    seconds that a receive waits for a message, which is how long a stop may take. `sweep_every`
    is in seconds too; 0: never."""

    pollers: int
    batch_size: int
    timeout: int
    wait: int
    sweep_every: int = 0


def parse_polling(
    function: str,
    arguments: Sequence[str] | None,
    *,
    pollers: int,
    batch_size: int,
    timeout: int = MAX_TIMEOUT_SECONDS,
    sweep_every: int | None = None,
) -> Polling:
    """What the command line says. Exits with status 2 where that makes no sense.

    With a default for `sweep_every` there is an option for that as well.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {function}",
        description=f"Polls the queue of {function} and handles its messages until SIGTERM.",
        epilog="All else is set by environment variables; docs/configuration.md lists them.",
    )
    add = partial(parser.add_argument, type=_positive)
    add("--pollers", default=pollers, help=f"batches handled side by side ({pollers})")
    add(
        "--batch-size",
        default=batch_size,
        help=f"messages per batch, at most {MAX_BATCH_SIZE} ({batch_size})",
    )
    add(
        "--timeout",
        type=_timeout,
        default=timeout,
        help=f"seconds a batch has, at most {LONGEST_TIMEOUT_SECONDS} ({timeout})",
    )
    add(
        "--wait",
        default=WAIT_SECONDS,
        help=f"seconds a receive waits for messages, and a stop for the receive ({WAIT_SECONDS})",
    )
    if sweep_every is not None:
        parser.add_argument(
            "--sweep-every",
            type=_not_negative,
            default=sweep_every,
            help=f"seconds between looks at all stacks that wait ({sweep_every}; 0: never)",
        )
    told = parser.parse_args(arguments)
    return Polling(
        told.pollers,
        min(told.batch_size, MAX_BATCH_SIZE),
        told.timeout,
        told.wait,
        told.sweep_every if sweep_every is not None else 0,
    )


def run_pollers(
    function: str,
    client: SQSClient,
    queue_url: str,
    handler: Handler,
    polling: Polling,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Polls, and sweeps, until SIGTERM or SIGINT, then lets what is being handled end.

    `on_stop` is called once, at the signal: what takes long can end early there.
    """
    stop = Event()

    def end(number: int, _: object) -> None:
        logger.info("Stopping", extra={"signal": signal.Signals(number).name})
        if not stop.is_set():
            stop.set()
            on_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    threads = [
        Thread(
            target=poll,
            args=(client, queue_url, handler, stop),
            kwargs={
                "function_name": function,
                "batch_size": polling.batch_size,
                "timeout_seconds": polling.timeout,
                "wait_seconds": polling.wait,
            },
        )
        for _ in range(polling.pollers)
    ]
    if polling.sweep_every:
        threads.append(
            Thread(
                target=call_every,
                args=(polling.sweep_every, handler, SWEEP, stop),
                kwargs={"function_name": function},
            )
        )
    for thread in threads:
        thread.start()
    logger.info("Polling", extra={"queue": queue_url, "pollers": polling.pollers})
    for thread in threads:
        thread.join()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _timeout(text: str) -> int:
    seconds = _positive(text)
    if seconds > LONGEST_TIMEOUT_SECONDS:
        raise argparse.ArgumentTypeError(
            f"must be at most {LONGEST_TIMEOUT_SECONDS}: SQS hides a message for no longer"
        )
    return seconds


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number
