"""Where dead letters are, and where they go when they get another chance."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudseam_cli.dead_letters.letter import EVENT, TASK
from cloudseam_cli.target import Target
from cloudseam_cli.unreachable import NoTargetError


@dataclass(frozen=True, slots=True)
class Route:
    """The URL of a dead-letter queue, and that of the queue its messages failed on, if known.

    `what` says which messages they are: `event` or `task`.
    """

    what: str
    letters: str
    source: str | None


def routes_of(
    args: argparse.Namespace, target: Target, environ: Mapping[str, str] = os.environ
) -> Sequence[Route]:
    """The routes that options, emulator or environment name, of events first.

    Raises:
        NoTargetError: none is named, or not the one that was asked for.
    """
    if args.dlq_url:
        what = TASK if args.queue == TASK else EVENT
        known = [source for kind, letters, source in _known(target, environ) if kind == what]
        return [Route(what, args.dlq_url, args.queue_url or known[0])]
    wanted = (EVENT, TASK) if args.queue == "all" else (args.queue,)
    found = [
        Route(what, letters, source)
        for what, letters, source in _known(target, environ)
        if letters and what in wanted
    ]
    if not found:
        raise NoTargetError(
            "Name the dead-letter queue: --dlq-url, or SQS_EVENT_DLQ_URL and SQS_TASK_DLQ_URL."
        )
    return found


def _known(
    target: Target, environ: Mapping[str, str]
) -> Sequence[tuple[str, str | None, str | None]]:
    """Kinds, dead-letter queues and their sources; of the emulator, or of the environment.

    Tasks of containers have queues of their own, except on the emulator.
    """
    if target.event_dead_letters:
        return [
            (EVENT, target.event_dead_letters, target.event_queue),
            (TASK, target.task_dead_letters, target.task_queue),
        ]
    return [
        (EVENT, environ.get("SQS_EVENT_DLQ_URL"), target.event_queue),
        (TASK, environ.get("SQS_TASK_DLQ_URL"), environ.get("SQS_TASK_QUEUE_URL")),
        (
            TASK,
            environ.get("SQS_CONTAINER_TASK_DLQ_URL"),
            environ.get("SQS_CONTAINER_TASK_QUEUE_URL"),
        ),
    ]
