"""Which installation a command talks to: the console of this folder, or a real one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudseam_cli.embedded_aws import LOOPBACK
from cloudseam_cli.local.console_file import FOLDER, OUTCOMES, ConsoleFile
from cloudseam_cli.local.resources import TABLE, Resources
from cloudseam_cli.option_types import port_number
from cloudseam_cli.unreachable import NoTargetError, is_here, reaching

HOW_FOUND = """\
It talks to what the options name; else to what SQS_EVENT_QUEUE_URL, DYNAMODB_TABLE and
POSTGRES_CONNECTION_SECRET name; else to the `cloudseam dev` that runs in this folder. AWS
credentials and endpoints are found as by every AWS tool; an endpoint on this computer needs none.
"""
POSTGRES = "POSTGRES_CONNECTION_SECRET"
DEAD_LETTER_QUEUES = ("SQS_EVENT_DLQ_URL", "SQS_TASK_DLQ_URL", "SQS_CONTAINER_TASK_DLQ_URL")


@dataclass(frozen=True, slots=True)
class Target:
    """`endpoint` None is AWS itself, or what the environment says. With `in_postgres` stacks are
    kept where the state machine's settings for PostgreSQL say, and `table` means nothing. Without
    `claims_table` claims are in `table`, too. Dead letters, the task queue and the bucket of large
    contexts are known of the emulator only; of a `dev` that keeps them in this folder `outcomes`,
    the file that tells what became of each event, and its folder of `machines`.
    """

    endpoint: str | None
    event_queue: str | None
    table: str
    claims_table: str | None = None
    in_postgres: bool = False
    event_dead_letters: str | None = None
    task_queue: str | None = None
    task_dead_letters: str | None = None
    sensitive_keys: frozenset[str] = frozenset()
    outcomes: Path | None = None
    machines: Path | None = None
    context_bucket: str | None = None

    def client(self, service: str) -> Any:
        """A client of a service there.

        Raises:
            NoTargetError: what the environment says of AWS cannot be used.
        """
        if self.endpoint is not None and is_here(self.endpoint):
            from cloudseam_cli.local.client import emulator_client

            # Somebody waits, and what is on this computer answers at once or not at all.
            return emulator_client(service, self.endpoint, retries={"total_max_attempts": 2})
        import boto3

        with reaching("There is no way to AWS"):
            return boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                # boto3 itself reads AWS_DEFAULT_REGION only.
                region_name=os.environ.get("AWS_REGION") or None,
            )


def add_target_arguments(
    parser: argparse.ArgumentParser, *, with_queue: bool = False, with_letters: bool = False
) -> None:
    """The options that name the installation."""
    group = parser.add_argument_group("where", HOW_FOUND)
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--port", type=port_number, help="port of a `cloudseam dev` on this computer"
    )
    where.add_argument("--endpoint-url", metavar="URL", help="endpoint of another emulator")
    group.add_argument(
        "--table", metavar="NAME", help="DynamoDB table that stacks are kept in (default: Stacks)"
    )
    if with_queue:
        what = "queue that letters go back to" if with_letters else "event queue to send to"
        group.add_argument("--queue-url", metavar="URL", help=what)
    if with_letters:
        group.add_argument(
            "--dlq-url",
            metavar="URL",
            help="dead-letter queue, of events unless it is --queue task",
        )


def find_target(
    args: argparse.Namespace, environ: Mapping[str, str] = os.environ, folder: Path | None = None
) -> Target:
    """The installation that options, environment or folder name.

    Raises:
        NoTargetError: none of them names one, or what the folder names no longer runs.
    """
    keys = _keys(environ.get("SENSITIVE_METADATA_KEYS", ""))
    table = args.table or environ.get("DYNAMODB_TABLE")
    in_postgres = bool(environ.get(POSTGRES)) and not args.table
    queue = getattr(args, "queue_url", None) or environ.get("SQS_EVENT_QUEUE_URL")
    kept = folder or Path(FOLDER)
    running = ConsoleFile.read(kept)
    if args.port is not None:
        is_of_here = running is not None and running.port == args.port
        return _emulator(args.port, keys, args, kept, running if is_of_here else None)
    if args.endpoint_url or table or queue or in_postgres or _names_letters(args, environ):
        return Target(
            args.endpoint_url,
            queue,
            table or TABLE,
            environ.get("DYNAMODB_CLAIMS_TABLE") or None,
            in_postgres=in_postgres,
            sensitive_keys=keys,
        )
    if running is None or not running.is_alive:
        raise NoTargetError(
            "There is nothing to talk to: no `cloudseam dev` runs in this folder. Start one, name "
            "the --port of one that runs elsewhere, or set SQS_EVENT_QUEUE_URL and DYNAMODB_TABLE "
            f"(or {POSTGRES}) of an installation."
        )
    keys |= _keys(running.sensitive_keys)
    return _emulator(running.port, keys, args, kept, running)


def _names_letters(args: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether a command that is about dead letters is told where they are."""
    if not hasattr(args, "dlq_url"):
        return False
    return bool(args.dlq_url or any(map(environ.get, DEAD_LETTER_QUEUES)))


def _emulator(
    port: int,
    keys: frozenset[str],
    args: argparse.Namespace,
    kept: Path,
    running: ConsoleFile | None,
) -> Target:
    """The emulator at a port; `running` is the console of this folder, if it is its."""
    there = Resources.at(f"http://{LOOPBACK}:{port}")
    return Target(
        endpoint=there.endpoint,
        event_queue=getattr(args, "queue_url", None) or there.event_queue,
        table=args.table or there.table,
        event_dead_letters=there.event_dead_letters,
        task_queue=there.task_queue,
        task_dead_letters=there.task_dead_letters,
        sensitive_keys=keys,
        outcomes=kept / OUTCOMES if running else None,
        machines=Path(running.machines) if running and running.machines else None,
        context_bucket=there.context_bucket,
    )


def _keys(listed: str) -> frozenset[str]:
    """The keys of a setting that lists them with commas."""
    return frozenset(key for key in map(str.strip, listed.split(",")) if key)
