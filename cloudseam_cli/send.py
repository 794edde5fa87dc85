"""`cloudseam send`: one event to one stack."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.text import printable
from cloudseam_cli.unreachable import NoTargetError, reaching

if TYPE_CHECKING:
    from cloudseam.event import Event
    from cloudseam.stack import Stack
    from cloudseam_cli.dead_letters.letter import Letter
    from cloudseam_cli.local.outcome_file import OutcomeWatch
    from cloudseam_cli.local.report import Report
    from cloudseam_cli.target import Target

WAIT_SECONDS = 30.0
MAX_WAIT_SECONDS = 86_400
# How often a wait looks, in seconds.
LOOK_SECONDS = 0.2

EPILOG = """\
A value of --metadata that reads as a JSON number, true, false or null is sent as such; anything
else, and anything in JSON quotes, is text: --metadata version='"1"' sends the text 1. What is not
to be seen in the list of processes comes from standard input: --metadata-json -, or --context -.

examples:
  cloudseam send my-branch LAUNCH --machine preview --metadata branch=my-branch image_tag=v1
  cloudseam send my-branch NEW-IMAGE --metadata image_tag=v2
  cloudseam send my-branch UPDATE --wait
  cat metadata.json | cloudseam send my-branch UPDATE --metadata-json -
  cloudseam send my-branch RETRY_FAILED_TASKS
  cloudseam send order-7 paid --context '{"receipt":12}'
  cloudseam send my-branch DESTROY --queue-url https://sqs.eu-west-1.amazonaws.com/123456789012/events

exit codes: 0 sent, and with --wait applied, now or before; 1 not applied in time, or
refused; 2 wrong options, or nothing to send it to
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("stack", metavar="STACK", help="id of the stack")
    parser.add_argument("event", metavar="EVENT", help="an event of its machine, or RETRY_…")
    parser.add_argument(
        "--machine", metavar="NAME", help="machine to run on; needed on the stack's first event"
    )
    values = parser.add_mutually_exclusive_group()
    values.add_argument(
        "--metadata",
        nargs="+",
        action="extend",
        type=_pair,
        metavar="KEY=VALUE",
        help="metadata to merge into the stack's",
    )
    values.add_argument(
        "--metadata-json",
        type=_object,
        metavar="JSON",
        help="the same as one JSON object; - reads it from standard input",
    )
    parser.add_argument(
        "--context",
        metavar="FILE|-|JSON",
        help="for a machine of actions in Python: a JSON object whose keys replace those of its "
        "context; - reads it from standard input",
    )
    parser.add_argument(
        "--event-id",
        metavar="ID",
        help="name of the event; one that was applied before has no effect (default: a new one)",
    )
    add_wait_argument(parser)
    add_target_arguments(parser, with_queue=True)


def add_wait_argument(parser: argparse.ArgumentParser) -> None:
    """The option of every command that sends an event."""
    parser.add_argument(
        "--wait",
        nargs="?",
        type=_seconds,
        const=WAIT_SECONDS,
        metavar="SECONDS",
        help=f"wait until the event has been applied, at most so long (default: {WAIT_SECONDS:g})",
    )


def run(args: argparse.Namespace) -> int:
    """Sends the event, and waits for it if asked to."""
    from cloudseam.messages import parse_event

    body = message(args)
    event = parse_event(body, "")
    target = find_target(args)
    # Whether it is a duplicate can be seen before only.
    is_known = (
        args.wait is not None
        and args.event_id is not None
        and _is_applied(target, args.stack, event.id)
    )
    if is_known:
        _send(target, body, event)
        return _ignored(event.id, "duplicate")
    return deliver(target, [body], args.wait)


def deliver(target: Target, bodies: Sequence[str], wait: float | None) -> int:
    """Sends new events, all of them before any is waited for; the exit code.

    `wait` is how many seconds each may take to be applied; None does not wait.

    Raises:
        InvalidMessageError: a body is not an event's; nothing has been sent.
        NoTargetError: the queue is not known, or did not take an event.
    """
    from cloudseam.messages import parse_event
    from cloudseam_cli.local.outcome_file import OutcomeWatch

    events = [parse_event(body, "") for body in bodies]
    watches = [OutcomeWatch(target.outcomes) for _ in events]
    for event, body in zip(events, bodies, strict=True):
        _send(target, body, event)
    if wait is None:
        return 0
    awaited = zip(events, watches, strict=True)
    return max([_wait(target, event, wait, watch) for event, watch in awaited], default=0)


def _send(target: Target, body: str, event: Event) -> None:
    if target.event_queue is None:
        raise NoTargetError("Name the event queue: --queue-url, or SQS_EVENT_QUEUE_URL.")
    client = target.client("sqs")
    with reaching("The event was not sent"):
        client.send_message(QueueUrl=target.event_queue, MessageBody=body)
    print(f"Sent {event.name} to {event.stack_id} (event id {event.id}).", flush=True)


def _is_applied(target: Target, stack_id: str, event_id: str) -> bool:
    from cloudseam_cli.stack_store import load_one, stacks_of

    stack = load_one(stacks_of(target), stack_id)
    return stack is not None and stack.has_applied(event_id)


def message(args: argparse.Namespace) -> str:
    """The message's body, with an id of its own: a send that is repeated on its way, as clients do
    when no answer comes, has its effect once.
    """
    fields: dict[str, Any] = {}
    if args.machine is not None:
        fields["machine"] = args.machine
    metadata = args.metadata_json if args.metadata is None else dict(args.metadata)
    if metadata is not None:
        fields["metadata"] = metadata
    if args.context is not None:
        fields["context"] = _brought(args.context)
    return event_body(args.stack, args.event, event_id=args.event_id, **fields)


def _brought(given: str) -> dict[str, Any]:
    """The context that an event brings.

    Raises:
        InvalidMessageError: it is none, or larger than a message may be.
    """
    from cloudseam.errors import InvalidMessageError
    from cloudseam.json_context import MAX_INLINE_BYTES
    from cloudseam_cli.context_argument import read_context

    context = read_context(given)
    if (size := len(json.dumps(context))) > MAX_INLINE_BYTES:
        raise InvalidMessageError(
            f"--context has {size} bytes as JSON, and an event brings at most {MAX_INLINE_BYTES}. "
            "Send a reference to what is large."
        )
    return context


def event_body(stack_id: str, event: str, *, event_id: str | None = None, **fields: Any) -> str:
    """The body of an event; without an id it gets a new one."""
    return json.dumps(
        {"stackId": stack_id, "event": event, "eventId": event_id or uuid4().hex, **fields}
    )


def _wait(target: Target, event: Event, wait: float, outcomes: OutcomeWatch) -> int:
    """Looks until the stack has the event among those it applied, or it lies with the dead."""
    from cloudseam_cli.local.report import Kind
    from cloudseam_cli.stack_store import load_one, stacks_of

    stacks, look = stacks_of(target), _letters(target)
    deadline = time.monotonic() + wait
    told: set[str] = set()
    while True:
        stack = load_one(stacks, event.stack_id)
        if stack is not None and stack.has_applied(event.id):
            print(f"Applied: {event.stack_id} is {where(stack)}.")
            return 0
        for report in _of(event.id, outcomes):
            if report.kind is Kind.IGNORED:
                return _ignored(event.id, report.reason)
            if report.reason not in told:
                told.add(report.reason)
                print(_later(report.reason), file=sys.stderr, flush=True)
        for letter in look():
            if letter.event_id == event.id:
                print(printable(f"Refused: {letter.reason}"), file=sys.stderr)
                return 1
        if time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
    stack_id = event.stack_id
    now = f"{stack_id} is {where(stack)}" if stack else f"there is no stack {stack_id}"
    print(
        f"Not applied within {wait:g} s: {now}. It may be applied later; if it is given up, "
        "its reason is with it on the dead-letter queue.",
        file=sys.stderr,
    )
    return 1


def _of(event_id: str, outcomes: OutcomeWatch) -> Iterator[Report]:
    """What kept the event from being applied. What follows its being applied is a redelivery."""
    from cloudseam_cli.local.report import Kind

    for report in outcomes.look():
        if report.event_id == event_id:
            if report.kind not in (Kind.IGNORED, Kind.RETURNED):
                return
            yield report


def _later(reason: str) -> str:
    return printable(f"Not applied for now, will be tried again: {reason}")


def _ignored(event_id: str, verdict: str) -> int:
    """Says that the event had no effect; a duplicate is what its sender asked for."""
    if verdict == "duplicate":
        print(f"Ignored: {event_id} was applied before.")
        return 0
    print(f"Ignored: {event_id} came too late.", file=sys.stderr)
    return 1


def _letters(target: Target) -> Callable[[], Iterable[Letter]]:
    """New dead letters at each look; none where their queue is not known."""
    if target.event_dead_letters is None:
        return tuple
    from cloudseam_cli.local.dead_letter_watch import DeadLetterWatch

    return DeadLetterWatch(target.client("sqs"), {"event": target.event_dead_letters}).look


def where(stack: Stack) -> str:
    """The state a stack is in, in words."""
    return "gone" if stack.is_removed else f"in state {stack.state}"


def _pair(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not key or not sign:
        # What was typed may be a secret, with its key forgotten.
        raise argparse.ArgumentTypeError(
            "takes KEY=VALUE, and all that follows it: put STACK and EVENT before --metadata"
        )
    return key, _scalar(value)


def _scalar(text: str) -> Any:
    """The JSON value that a text reads as, unless it is an object or a list; else the text."""
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list) else value


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(sys.stdin.read() if text == "-" else text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("is not a JSON object")
    return value


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise argparse.ArgumentTypeError(
            f"takes a number from 0 to {MAX_WAIT_SECONDS}: put STACK and EVENT before --wait"
        )
    return seconds
