"""`cloudseam dlq`: dead letters, what they would do now, and another chance for them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from cloudseam_cli.machines import add_machines_argument, machines_of
from cloudseam_cli.target import Target, add_target_arguments, find_target
from cloudseam_cli.text import columns, printable
from cloudseam_cli.unreachable import NoTargetError, is_here

if TYPE_CHECKING:
    from cloudseam_cli.dead_letters.dead_letter_queue import DeadLetterQueue
    from cloudseam_cli.dead_letters.letter import Letter
    from cloudseam_cli.dead_letters.redrive import Result
    from cloudseam_cli.dead_letters.rehearsal import Forecast, Rehearsal
    from cloudseam_cli.dead_letters.route import Route

EPILOG = """\
A message that cannot work is put on the dead-letter queue of events or of tasks, with its reason.
`list` tells what each letter would do if it were sent again now: it is tried out by the code of
the state machine itself, on stacks and machines as they are now, and nothing is changed. `redrive`
sends letters back to the queue that they failed on and takes them off the dead-letter queue.

To redrive is safe to repeat, and to interrupt: an event that its stack has applied keeps its id,
so that only what is still owed for it is sent; any other gets a new id, the same one each time.
A task that its stack no longer waits for is taken off the queue and not sent.

The queues are those of the `cloudseam dev` that is talked to; else SQS_EVENT_DLQ_URL,
SQS_TASK_DLQ_URL and SQS_CONTAINER_TASK_DLQ_URL with SQS_EVENT_QUEUE_URL, SQS_TASK_QUEUE_URL and
SQS_CONTAINER_TASK_QUEUE_URL; else --dlq-url with --queue-url.
Letters that are looked at are hidden from others meanwhile, for two minutes at most.

examples:
  cloudseam dlq list
  cloudseam dlq show 2f1c8a52-6d7e-4c35-8f0b-52a1a3b7c9de
  cloudseam dlq redrive --all --dry-run
  cloudseam dlq redrive 2f1c8a52-6d7e-4c35-8f0b-52a1a3b7c9de
  cloudseam dlq list --queue task --json | jq -r '.[] | select(.chance == "WORKS") | .id'

exit codes: 0 done, even if there is no letter; 1 there is no such letter, or one was left where it
is; 2 wrong options, or a queue that does not answer
"""
QUEUES = ("event", "task", "all")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command, each of its own commands' with them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = commands.add_parser("list", help="list letters with what they would do now")
    showing = commands.add_parser("show", help="show all of one letter")
    showing.add_argument("id", metavar="ID", help="message id of the letter, as `list` tells it")
    redriving = commands.add_parser("redrive", help="send letters back to where they failed")
    _add_redrive_arguments(redriving)
    for command in (listing, showing, redriving):
        command.epilog = "`cloudseam dlq --help` has examples and exit codes."
        command.add_argument(
            "--queue", choices=QUEUES, default="all", help="whose dead letters (default: all)"
        )
        command.add_argument("--json", action="store_true", help="print JSON")
        add_machines_argument(command)
        add_target_arguments(command, with_queue=True, with_letters=True)


def _add_redrive_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="message ids of letters, as `list` tells them"
    )
    parser.add_argument("--all", action="store_true", help="all letters there are")
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would be sent, and send nothing"
    )
    parser.add_argument(
        "--force", action="store_true", help="send also what would be refused again"
    )


def run(args: argparse.Namespace) -> int:
    """Does what was asked for."""
    return {"list": _list, "show": _show, "redrive": _redrive}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    target = find_target(args)
    rehearsal = _rehearsal(args, target)
    known: list[dict[str, Any]] = []
    with ExitStack() as held:
        queues = [queue for _, queue in _queues(args, target, held)]
        letters = [letter for queue in queues for letter in queue.read()]
        known = [view(letter, rehearsal.forecast(letter)) for letter in letters]
        hidden = sum(queue.hidden() for queue in queues)
    if args.json:
        print(json.dumps(known, indent=2))
    else:
        print("\n".join(lines(known)), end="\n" if known else "")
    print(_summary(known, hidden), file=sys.stderr)
    return 0


def _show(args: argparse.Namespace) -> int:
    target = find_target(args)
    with ExitStack() as held:
        queues = [queue for _, queue in _queues(args, target, held)]
        found = [each for queue in queues for each in queue.read() if each.message_id == args.id]
        if not found:
            print(_missing([args.id], queues), file=sys.stderr)
            return 1
        known = view(found[0], _rehearsal(args, target).forecast(found[0]))
    body = masked(found[0], target.sensitive_keys)
    if args.json:
        attributes = dict(found[0].attributes)
        print(json.dumps(known | {"attributes": attributes, "body": body}, indent=2))
        return 0
    print("\n".join([*lines([known]), *_attributes(found[0]), "", _written(body)]))
    return 0


def _redrive(args: argparse.Namespace) -> int:
    from cloudseam.queues.sqs import SqsQueue
    from cloudseam_cli.dead_letters.redrive import Fate, Redrive

    if args.all == bool(args.ids):
        raise NoTargetError("Name the letters to redrive, or say --all.")
    target = find_target(args)
    rehearsal = _rehearsal(args, target)
    results: list[Result] = []
    with ExitStack() as held:
        queues = _queues(args, target, held)
        for route, queue in queues:
            source = SqsQueue(target.client("sqs"), _source(route))
            redrive = Redrive(queue, source, rehearsal, force=args.force, rehearsed=args.dry_run)
            for result in redrive.run(None if args.all else args.ids):
                results.append(result)
                if not args.json:
                    print(told(result, dry_run=args.dry_run), flush=True)
        done = {result.letter.message_id for result in results}
        missing = [each for each in args.ids if each not in done]
        if missing:
            print(_missing(missing, [queue for _, queue in queues]), file=sys.stderr)
        hidden = sum(queue.hidden() for _, queue in queues)
    if args.json:
        print(json.dumps([_result_view(result) for result in results], indent=2))
    print(_redriven(results, hidden, dry_run=args.dry_run), file=sys.stderr)
    left = any(result.fate in (Fate.LEFT, Fate.KEPT) for result in results)
    return 1 if left or missing else 0


def _queues(
    args: argparse.Namespace, target: Target, held: ExitStack
) -> list[tuple[Route, DeadLetterQueue]]:
    """The dead-letter queues; what is read of them is given back when `held` ends."""
    from cloudseam_cli.dead_letters.dead_letter_queue import DeadLetterQueue
    from cloudseam_cli.dead_letters.route import routes_of

    # An emulator on this computer has all its letters in one place.
    wait = 0 if target.endpoint and is_here(target.endpoint) else 1
    client = target.client("sqs")
    return [
        (
            route,
            held.enter_context(
                DeadLetterQueue(client, route.what, route.letters, wait_seconds=wait)
            ),
        )
        for route in routes_of(args, target)
    ]


def _rehearsal(args: argparse.Namespace, target: Target) -> Rehearsal:
    """As the state machine's settings say, as far as they are known here."""
    from cloudseam.clock import SystemClock
    from cloudseam_cli.dead_letters.rehearsal import Rehearsal
    from cloudseam_cli.stack_store import store_of

    return Rehearsal(
        store_of(target),
        machines_of(args, target),
        SystemClock(),
        pinned=os.environ.get("MACHINE_VERSIONS") != "latest",
        requires_token=os.environ.get("REQUIRE_TASK_TOKEN", "").lower() in ("1", "true"),
    )


def _source(route: Route) -> str:
    if route.source is None:
        raise NoTargetError(
            f"Name the queue that {route.what} letters go back to: --queue-url, or "
            f"SQS_{route.what.upper()}_QUEUE_URL."
        )
    return route.source


def view(letter: Letter, forecast: Forecast) -> dict[str, Any]:
    """A letter as JSON, without its body. `sentAt` is in epoch milliseconds."""
    report = letter.report()
    return {
        "id": letter.message_id,
        "queue": letter.what,
        "sentAt": letter.sent_at or None,
        "stack": report.stack or None,
        "event": report.event if letter.what == "event" else None,
        "task": ", ".join(report.tasks) or None,
        "error": letter.attributes.get("error"),
        "reason": letter.reason,
        "messageId": letter.failed_id,
        "receiveCount": letter.attributes.get("receiveCount"),
        "chance": forecast.chance.value,
        "now": forecast.text,
    }


def lines(known: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Views as text: a line for each letter, one with why it is dead, one with what it would do."""
    from cloudseam_cli.moment import moment

    if not known:
        return
    rows = columns(
        [
            (
                each["id"],
                each["queue"],
                moment(each["sentAt"] or 0),
                each["stack"] or "-",
                " of ".join(filter(None, (each["event"], each["task"]))) or "-",
            )
            for each in known
        ]
    )
    for row, each in zip(rows, known, strict=True):
        yield row
        yield from _indented("why", each["reason"])
        yield from _indented("now", each["now"])


def told(result: Result, *, dry_run: bool) -> str:
    """A result as a line; `dry_run` says that nothing was done."""
    from cloudseam_cli.dead_letters.redrive import Fate

    words = {
        Fate.SENT: "would be sent" if dry_run else "sent",
        Fate.REMOVED: "would be removed" if dry_run else "removed",
        Fate.KEPT: "sent",
        Fate.LEFT: "left",
    }
    report = result.letter.report()
    who = " ".join(filter(None, (report.stack, report.event, *report.tasks)))
    line = f"{result.letter.message_id}  {words[result.fate]}  {who}: {result.text}"
    return printable(line).replace("\n", " ")


def masked(letter: Letter, sensitive_keys: Collection[str]) -> Any:
    """The body as JSON with the values of these metadata keys as ***; a text if it is no object.

    A text that only might be metadata, since it names such a key, is masked as a whole.
    """
    fields = letter.fields()
    if fields:
        return _masked(fields, sensitive_keys)
    return MASK if any(key in letter.body for key in sensitive_keys) else letter.body


MASK = "***"


def _masked(value: Any, keys: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_masked(item, keys) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {key: MASK if key in keys else known for key, known in item.items()}
        if name == "metadata" and isinstance(item, dict)
        else _masked(item, keys)
        for name, item in value.items()
    }


def _attributes(letter: Letter) -> Iterator[str]:
    shown = {name: text for name, text in letter.attributes.items() if name != "reason"}
    if shown:
        yield "\nattributes"
        yield from (f"  {line}" for line in columns(list(shown.items())))


def _written(body: Any) -> str:
    return printable(body if isinstance(body, str) else json.dumps(body, indent=2))


def _indented(label: str, text: str) -> Iterator[str]:
    first, *more = printable(text).splitlines() or [""]
    yield f"  {label}  {first}"
    yield from (f"       {line}" for line in more)


def _result_view(result: Result) -> dict[str, Any]:
    return {
        "id": result.letter.message_id,
        "queue": result.letter.what,
        "fate": result.fate.value,
        "text": result.text,
    }


WORDS = {
    "WORKS": "would work",
    "NO_EFFECT": "would have no effect",
    "REFUSED": "would be refused again",
    "UNKNOWN": "cannot be told",
}


def _summary(known: Sequence[dict[str, Any]], hidden: int) -> str:
    counts = Counter(each["chance"] for each in known)
    parts = [f"{counts[chance]} {words}" for chance, words in WORDS.items() if counts[chance]]
    number = f"{len(known)} dead letter{'' if len(known) == 1 else 's'}"
    said = f"{number}: {', '.join(parts)}." if known else "There is no dead letter."
    return said + _hidden(hidden)


def _redriven(results: Sequence[Result], hidden: int, *, dry_run: bool) -> str:
    counts = Counter(result.fate.value.lower() for result in results)
    parts = [f"{number} {fate}" for fate, number in counts.items()]
    said = f"{len(results)} dead letter{'' if len(results) == 1 else 's'}"
    end = f": {', '.join(parts)}" if parts else ""
    return f"{said}{end}{' (nothing was done)' if dry_run else ''}." + _hidden(hidden)


def _hidden(number: int) -> str:
    if not number:
        return ""
    return f" About {number} more are held by another reader at the moment."


def _missing(ids: Sequence[str], queues: Sequence[DeadLetterQueue]) -> str:
    hidden = _hidden(sum(queue.hidden() for queue in queues))
    return f"cloudseam dlq: there is no dead letter {', '.join(ids)}.{hidden}"
