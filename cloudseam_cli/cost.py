"""`cloudseam cost`: what a load costs by list prices, beside what others would cost."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam_cli.option_types import amount, positive_amount, positive_number

if TYPE_CHECKING:
    from cloudseam_cli.costs.demand import Demand
    from cloudseam_cli.costs.load import Load
    from cloudseam_cli.costs.price import Prices

TOLD, INVALID, UNREADABLE = 0, 1, 2
PERIODS = ("second", "day", "month")

EPILOG = """\
A transition is an event from outside that moves a stack, with the tasks that it asks for and their
answers. Calls are counted, sizes measured; docs/cost.md says how, and where prices come from.

examples:
  cloudseam cost
  cloudseam cost --transitions 20 --per second --task-batch 10 --row-kb 2
  cloudseam cost --transitions 5000 --per day --machine machines/order.yml --logs
  cloudseam cost --prices my-prices.yml --json | jq .cloudseam.usdPerMonth

exit codes: 0 told; 1 the machine's file has errors, which are printed; 2 wrong options, or a file
that cannot be read or used
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    _add_load(parser)
    _add_installation(parser)
    parser.add_argument("--prices", type=Path, metavar="FILE", help="prices that are other ones")
    parser.add_argument(
        "--free-tier", action="store_true", help="take off what is free in every month"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_load(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("load").add_argument
    add(
        "--transitions",
        type=positive_amount,
        default=1_000_000,
        metavar="N",
        help="how many there are (default: 1000000)",
    )
    add("--per", choices=PERIODS, default="month", help="in which time (default: month)")
    add(
        "--tasks-per-transition",
        type=amount,
        metavar="N",
        help="on the average (default: 1, or what the machine says)",
    )
    add("--machine", type=Path, metavar="FILE", help="a machine's file, to count its tasks in")
    add("--timers", type=amount, metavar="N", help="timers per transition (default: none)")
    add("--far-timers", type=amount, metavar="N", help="those more than 15 minutes away")
    add("--row-kb", type=positive_amount, default=1, metavar="KB", help="of a stack (default: 1)")
    add("--stacks", type=positive_number, default=1_000, metavar="N", help="default: 1000")
    add(
        "--task-seconds",
        type=amount,
        default=0,
        metavar="S",
        help="that the satisfier waits for a task (default: not counted)",
    )


def _add_installation(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("installation").add_argument
    add("--store", choices=("dynamodb", "postgres"), default="dynamodb", help="default: dynamodb")
    add("--history", choices=("recent", "full"), default="recent", help="default: recent")
    add(
        "--batch",
        type=positive_number,
        default=10,
        metavar="N",
        help="events that come at a time (default: 10)",
    )
    add(
        "--task-batch",
        type=positive_number,
        default=1,
        metavar="N",
        help="tasks of one invocation at most (default: 1, as in the template)",
    )
    add("--memory", type=positive_number, default=512, metavar="MB", help="default: 512")
    add(
        "--task-memory",
        type=positive_number,
        default=1024,
        metavar="MB",
        help="of the task satisfier (default: 1024)",
    )
    add(
        "--sweep-minutes",
        type=positive_amount,
        default=15,
        metavar="N",
        help="between two sweeps (default: 15)",
    )
    add("--logs", action="store_true", help="count log lines")


def run(args: argparse.Namespace) -> int:
    """Reckons, and prints what came of it."""
    from cloudseam.finding import FindingsError
    from cloudseam_cli.costs.comparison import compare
    from cloudseam_cli.costs.report import as_object, as_text

    try:
        told = compare(load_of(args), _prices(args.prices), is_free_used=args.free_tier)
    except FindingsError as error:
        print(*error.findings, sep="\n", file=sys.stderr)
        return INVALID
    except OSError as error:
        print(f"cloudseam cost: {error.filename}: {error.strerror}.", file=sys.stderr)
        return UNREADABLE
    print(json.dumps(as_object(told), indent=2) if args.json else as_text(told))
    return TOLD


def load_of(args: argparse.Namespace) -> Load:
    """The load that the options describe.

    Raises:
        FindingsError: the machine's file has errors.
        UncountedError: the machine's file does not tell what it asks for.
        OSError: it cannot be read.
    """
    from cloudseam_cli.costs.load import PER_MONTH, Load

    said = _demand(args.machine)
    return Load(
        transitions=args.transitions * PER_MONTH[args.per],
        tasks=said.tasks if args.tasks_per_transition is None else args.tasks_per_transition,
        batch=args.batch,
        task_batch=args.task_batch,
        row_kb=args.row_kb,
        stacks=args.stacks,
        timers=said.timers if args.timers is None else args.timers,
        far_timers=said.far_timers if args.far_timers is None else args.far_timers,
        sweep_minutes=args.sweep_minutes,
        memory=args.memory,
        task_memory=args.task_memory,
        task_seconds=args.task_seconds,
        is_postgres=args.store == "postgres",
        keeps_history=args.history == "full",
        counts_logs=args.logs,
    )


def _demand(path: Path | None) -> Demand:
    from cloudseam_cli.costs.demand import Demand, demand_of

    if path is None:
        return Demand(tasks=1, timers=0, far_timers=0)
    from cloudseam.languages import load_machine
    from cloudseam_cli.machine_file import read_text

    return demand_of(load_machine(path.stem, read_text(path), str(path)))


def _prices(path: Path | None) -> Prices:
    from cloudseam_cli.costs.price_file import list_prices, read_prices
    from cloudseam_cli.machine_file import read_text

    known = list_prices()
    return known if path is None else read_prices(read_text(path), str(path), known)
