"""`cloudseam executions`: what became of executions of state machines."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cloudseam_cli.embedded_aws import LOOPBACK
from cloudseam_cli.option_types import port_number, positive_number
from cloudseam_cli.stepfunctions import DEFAULT_PORT
from cloudseam_cli.text import columns
from cloudseam_cli.unreachable import NoTargetError, is_here, reaching

LIMIT = 50
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
ENDPOINTS = ("AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL")
# What says that there is none such.
MISSING = ("DoesNotExist", "InvalidArn", "ResourceNotFound")
WIDTH = 60
EPILOG = """\
It talks to what --endpoint-url names; else to what AWS_ENDPOINT_URL_SFN or
AWS_ENDPOINT_URL names; else to the `cloudseam stepfunctions` of this computer at --port. An
execution is named by its ARN, or as MACHINE:NAME. Executions of the deployed functions are stacks:
`cloudseam show` and `cloudseam history --log` tell of them.

examples:
  cloudseam executions list roll-die
  cloudseam executions list roll-die --status FAILED --json
  cloudseam executions show roll-die:first
  cloudseam executions stop roll-die:first --error Operator.Stopped --cause wrong

exit codes: 0 done; 1 there is no such state machine or execution; 2 wrong options, or nothing that
answers
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command, each of its own commands' with them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="list executions, the newest first")
    listing.add_argument("machine", metavar="MACHINE", help="name or ARN of the state machine")
    listing.add_argument("--status", choices=STATUSES, help="only those with this status")
    listing.add_argument(
        "--limit",
        type=positive_number,
        default=LIMIT,
        metavar="N",
        help=f"at most so many (default: {LIMIT})",
    )
    showing = commands.add_parser("show", help="show one execution with its history")
    stopping = commands.add_parser("stop", help="end an execution")
    stopping.add_argument("--error", metavar="NAME", help="the error that it ends with")
    stopping.add_argument("--cause", metavar="TEXT", help="the cause that it ends with")
    for command in (showing, stopping):
        command.add_argument("execution", metavar="EXECUTION", help="its ARN, or MACHINE:NAME")
    for command in (listing, showing, stopping):
        command.epilog = "`cloudseam executions --help` has examples and exit codes."
        command.add_argument("--json", action="store_true", help="print JSON")
        where = command.add_mutually_exclusive_group()
        where.add_argument(
            "--port",
            type=port_number,
            default=DEFAULT_PORT,
            help=f"port of `cloudseam stepfunctions` (default: {DEFAULT_PORT})",
        )
        where.add_argument("--endpoint-url", metavar="URL", help="where the API is")


def run(args: argparse.Namespace) -> int:
    """Does what was asked for."""
    from botocore.exceptions import ClientError

    act = {"list": _list, "show": _show, "stop": _stop}[args.action]
    try:
        with reaching("There is no answer"):
            return act(args, _client(args))
    except NoTargetError as error:
        told = error.__cause__
        code = told.response["Error"]["Code"] if isinstance(told, ClientError) else ""
        if isinstance(told, ClientError) and any(part in code for part in MISSING):
            print(f"cloudseam executions: {told.response['Error']['Message']}.", file=sys.stderr)
            return 1
        raise


def timeline(
    events: Sequence[Mapping[str, Any]], seconds: Callable[[Mapping[str, Any]], float]
) -> list[str]:
    """Events of a history as lines: when, id, type, state or resource, and what went in or came
    out. `seconds` gives those of an event since the start."""
    rows = [
        (f"{seconds(event):.3f}", str(event["id"]), event["type"], *_told(event))
        for event in events
    ]
    return columns([("SECONDS", "ID", "EVENT", "OF", ""), *rows])


def _list(args: argparse.Namespace, client: Any) -> int:
    told = {"statusFilter": args.status} if args.status else {}
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=_arn("stateMachine", args.machine),
        PaginationConfig={"MaxItems": args.limit},
        **told,
    )
    found = [each for page in pages for each in page["executions"]]
    if args.json:
        print(json.dumps(found, indent=2, default=_moment))
        return 0
    rows = [
        (_moment(each["startDate"]), each["status"], each["name"], _seconds(each)) for each in found
    ]
    print("\n".join(columns([("STARTED", "STATUS", "NAME", "SECONDS"), *rows])))
    return 0


def _show(args: argparse.Namespace, client: Any) -> int:
    arn = _arn("execution", args.execution)
    execution = client.describe_execution(executionArn=arn)
    execution.pop("ResponseMetadata")
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    if args.json:
        print(json.dumps({**execution, "events": events}, indent=2, default=_moment))
        return 0
    began = execution["startDate"]
    shown = timeline(events, lambda event: (event["timestamp"] - began).total_seconds())
    print("\n".join((*_facts(execution), "", *shown)))
    return 0


def _stop(args: argparse.Namespace, client: Any) -> int:
    arn = _arn("execution", args.execution)
    reason = {name: getattr(args, name) for name in ("error", "cause") if getattr(args, name)}
    client.stop_execution(executionArn=arn, **reason)
    status = client.describe_execution(executionArn=arn)["status"]
    if args.json:
        print(json.dumps({"executionArn": arn, "status": status}))
        return 0
    print(f"{args.execution} has ended: {status}")
    return 0


def _client(args: argparse.Namespace) -> Any:
    import boto3

    from cloudseam_cli.local.client import emulator_client

    endpoint = args.endpoint_url
    if endpoint is None and not any(map(os.environ.get, ENDPOINTS)):
        endpoint = f"http://{LOOPBACK}:{args.port}"
    if endpoint is not None and is_here(endpoint):
        return emulator_client("stepfunctions", endpoint, retries={"total_max_attempts": 2})
    region = os.environ.get("AWS_REGION") or None
    return boto3.client("stepfunctions", endpoint_url=endpoint, region_name=region)


def _arn(kind: str, name: str) -> str:
    """An ARN as it is; a name as the one that it has on this computer."""
    from cloudseam_cli.stepfunctions.arn import PLACE

    return name if name.startswith("arn:") else f"{PLACE}:{kind}:{name}"


def _facts(execution: Mapping[str, Any]) -> Iterator[str]:
    names = ("name", "status", "startDate", "stopDate", "input", "output", "error", "cause")
    told = {name: execution[name] for name in names if name in execution}
    yield from columns([(name, _shown(value)) for name, value in told.items()])


def _told(event: Mapping[str, Any]) -> tuple[str, str]:
    """What an event is of, and what it says."""
    told = [value for name, value in event.items() if name.endswith("Details")]
    details: Mapping[str, Any] = told[0] if told else {}
    of = details.get("name") or details.get("resource") or ""
    for name in ("error", "cause", "output", "input", "parameters"):
        if details.get(name):
            return of, f"{name} {_cut(details[name])}"
    return of, ""


def _seconds(execution: Mapping[str, Any]) -> str:
    if "stopDate" not in execution:
        return ""
    return f"{(execution['stopDate'] - execution['startDate']).total_seconds():.3f}"


def _shown(value: Any) -> str:
    return _moment(value) if isinstance(value, datetime) else str(value)


def _moment(value: datetime) -> str:
    return value.astimezone().isoformat(timespec="milliseconds")


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
