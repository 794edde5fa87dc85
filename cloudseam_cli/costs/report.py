"""A comparison as text, and as an object for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cloudseam_cli.costs.bill import Bill, Line
from cloudseam_cli.costs.comparison import Comparison
from cloudseam_cli.costs.estimate import logs, waiting
from cloudseam_cli.costs.load import Load
from cloudseam_cli.text import columns

HEADINGS = ("$ PER MILLION", "$ PER MONTH")
SECOND = 1.0


def as_text(told: Comparison) -> str:
    """Two tables, and what has to be known about them."""
    return "\n".join(
        [
            *_load(told.load),
            f"List prices of {told.prices.region} in US dollars{_unconfirmed(told)}.",
            "",
            *_own(told),
            "",
            *_others(told),
            "",
            *_verdict(told),
            "",
            *_apart(told),
        ]
    )


def as_object(told: Comparison) -> dict[str, Any]:
    """The same as plain values, with the prices and where they were found."""
    load, prices = told.load, told.prices
    return {
        "load": asdict(load),
        "region": prices.region,
        "isFreeTierUsed": told.is_free_used,
        "cloudseam": _bill(told, told.own),
        "others": [_bill(told, bill) for bill in told.others],
        "cheaper": [bill.name for bill in told.cheaper],
        "stepFunctionsIsCheaperBelow": told.least_load,
        "notIncluded": {
            line.what: line.per_million(prices) for line in _left_out(load) if line.each
        },
        "prices": {name: asdict(prices[name]) for name in prices},
    }


def _bill(told: Comparison, bill: Bill) -> dict[str, Any]:
    transitions = told.load.transitions
    return {
        "name": bill.name,
        "usdPerMillion": bill.per_million(told.prices),
        "usdPerMonth": told.month(bill),
        "lines": [
            {
                "what": line.what,
                "price": line.price,
                "units": line.units(transitions),
                "usdPerMillion": line.per_million(told.prices),
                "usdPerMonth": line.per_month(told.prices, transitions),
            }
            for line in bill.lines
        ],
        "remark": bill.remark,
    }


def _load(load: Load) -> Iterator[str]:
    tasks = _count(load.tasks, "task")
    stacks = _count(load.stacks, "stack")
    yield f"{load.transitions:,.0f} transitions a month with {tasks} each; {stacks}."
    store = "PostgreSQL" if load.is_postgres else "DynamoDB"
    history = ", full history" if load.keeps_history else ""
    at_once = f"{_count(load.batch, 'event')} and {_count(load.tasks_at_once, 'task')} at a time"
    yield f"{store}, rows of {load.row_kb:g} KB{history}; {at_once}."


def _count(number: float, what: str) -> str:
    return f"{number:,.6g} {what}{'' if number == 1 else 's'}"


def _unconfirmed(told: Comparison) -> str:
    used = {line.price for bill in (told.own, *told.others) for line in bill.lines}
    names = [name for name in told.prices.unconfirmed if name in used]
    return f"; not confirmed: {', '.join(names)}" if names else ""


def _own(told: Comparison) -> list[str]:
    transitions = told.load.transitions
    rows = [
        (line.what, line.per_million(told.prices), line.per_month(told.prices, transitions))
        for line in told.own.lines
    ]
    if told.is_free_used:
        listed = told.own.per_month(told.prices, transitions)
        rows.append(("free in every month", 0, told.month(told.own) - listed))
    total = ("in all", told.own.per_million(told.prices), told.month(told.own))
    return _table("CLOUDSEAM", [*rows, total])


def _others(told: Comparison) -> list[str]:
    bills = (told.own, *told.others)
    rows = [(bill.name, bill.per_million(told.prices), told.month(bill)) for bill in bills]
    return _table("BESIDE OTHERS", rows, [bill.remark for bill in bills])


def _table(
    name: str, rows: Sequence[tuple[str, float, float]], remarks: Sequence[str] = ()
) -> list[str]:
    widths = [len(heading) for heading in HEADINGS]
    cells = [
        (what, dollars(million).rjust(widths[0]), dollars(month).rjust(widths[1]), remark)
        for (what, million, month), remark in zip(rows, remarks or [""] * len(rows), strict=True)
    ]
    return columns([(name, *HEADINGS, ""), *cells])


def dollars(amount: float) -> str:
    """An amount to the cent, to a tenth of one where it is less than a dollar."""
    if amount == 0:
        return "-"
    if abs(amount) < 0.0005:
        return "< 0.001"
    return f"{amount:,.3f}" if abs(amount) < 1 else f"{amount:,.2f}"


def _verdict(told: Comparison) -> Iterator[str]:
    names = ", ".join(bill.name for bill in told.cheaper)
    yield f"Cheaper for this load: {names or 'none of the others'}."
    least = told.least_load
    if least is None:
        yield "Step Functions Standard is cheaper for every load of this kind."
    else:
        yield f"Step Functions Standard is cheaper below {least:,.0f} transitions a month."


def _apart(told: Comparison) -> Iterator[str]:
    yield "Not in these figures:"
    for line in _left_out(told.load):
        if line.each:
            amount = dollars(line.per_million(told.prices))
            yield f"  {amount:>7} per million  {line.what}"
    yield "  what tasks do: Terraform, the functions they call; what brings events to their queue"
    yield "  VPC endpoints, NAT, KMS keys, traces, alarms, traffic out of the region"
    if not told.is_free_used:
        yield "  what is free in every month (--free-tier)"


def _left_out(load: Load) -> Iterator[Line]:
    if not load.counts_logs:
        line = logs(load)
        yield Line(f"{line.what} (--logs)", line.price, line.each)
    if not load.task_seconds:
        line = waiting(load, SECOND)
        yield Line(f"{line.what}, each second (--task-seconds)", line.price, line.each)
