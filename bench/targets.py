"""What the project wants to reach, and what a run says of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench import handler, postgres, startup
from bench.figures import Figures
from bench.report import Report

# The original CloudSeam (Node.js), measured by its own handler over a stand-in for AWS of the same
# kind, on a quiet computer of the same kind: it is not at hand here, so these are no figures of
# the same run.
ORIGINAL_RATE = {10: 332, 100: 700}  # events/s at 5 ms per call, by batch
ORIGINAL_CPU = {10: 1.33, 100: 1.3}  # ms per event at 0 ms per call
ORIGINAL_START = 387  # CPU ms to the end of the first event
ORIGINAL_ON_POSTGRES = 71  # events/s; it was 45 to 71

Reached = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Target:
    """One target. `reached` gives the figure and whether it is enough."""

    what: str
    target: str
    reached: Callable[[Report], Reached]


def _calls(row: str, most: int) -> Callable[[Report], Reached]:
    def reached(report: Report) -> Reached:
        calls = _at(report, "calls", row, "calls")
        return f"{calls:.0f}", calls <= most

    return reached


def _rate(batch: int, least: float) -> Callable[[Report], Reached]:
    def reached(report: Report) -> Reached:
        rate = _at(report, "handler", handler.row_name("DynamoDB", 0.005, batch), "events/s")
        return _times(rate, ORIGINAL_RATE[batch], "events/s", least)

    return reached


def _cpu(batch: int, most: float) -> Callable[[Report], Reached]:
    def reached(report: Report) -> Reached:
        cpu = _at(report, "handler", handler.row_name("DynamoDB", 0, batch), "CPU ms per event")
        return _times(cpu, ORIGINAL_CPU[batch], "ms", most, is_cost=True)

    return reached


def _on_postgres(report: Report) -> Reached:
    rate = _at(report, "handler", handler.row_name("PostgreSQL", 0, 10), "events/s")
    return _times(rate, ORIGINAL_ON_POSTGRES, "events/s", 30)


def _against_pgbench(report: Report) -> Reached:
    times = _at(report, "postgres", postgres.row_name(10), "times pgbench")
    return f"{times:.2f} x", times >= 1.5


def _against_dbos(report: Report) -> Reached:
    figures = report.benches["lives"]
    dbos = figures.best("DBOS", "lives/s")
    if not dbos:
        return "not measured", False
    events = figures.best("CloudSeam, events,", "lives/s") / dbos
    tasks = figures.best("CloudSeam, events and tasks,", "lives/s") / dbos
    return f"{events:.1f} x; {tasks:.1f} x with tasks claimed and run", events >= 10


def _start(report: Report) -> Reached:
    cpu = _at(report, "startup", startup.ROW_OF_TARGET, "CPU ms")
    return _times(cpu, ORIGINAL_START, "ms", 0.75, is_cost=True)


def _flat(kind: str) -> Callable[[Report], Reached]:
    def reached(report: Report) -> Reached:
        figures = report.benches["growth"]
        costs = _of_kind(figures, kind)
        return f"{costs[-1] / costs[0]:.2f} x that of the fewest", costs[-1] <= 1.25 * costs[0]

    return reached


TARGETS: Sequence[Target] = (
    Target(
        "AWS calls of a batch of ten events for ten stacks, one task each",
        "3",
        _calls("DynamoDB, batch of 10, DESTROY", 3),
    ),
    Target(
        "AWS calls of one event alone",
        "3: a read, a write, a send",
        _calls("DynamoDB, batch of 1, LAUNCH", 3),
    ),
    Target(
        "AWS calls of one event that asks for no task",
        "2: a read, a write",
        _calls("DynamoDB, batch of 1, TASK_COMPLETED network", 2),
    ),
    Target("events/s at 5 ms per call, batches of 10", "≥ 1.8 x the original", _rate(10, 1.8)),
    Target("events/s at 5 ms per call, batches of 100", "≥ 4 x the original", _rate(100, 4)),
    Target("CPU per event, batches of 10", "≤ 0.5 x the original", _cpu(10, 0.5)),
    Target("CPU per event, batches of 100", "≤ 0.3 x the original", _cpu(100, 0.3)),
    Target("events/s on PostgreSQL, batches of 10", "≥ 30 x the original", _on_postgres),
    Target(
        "stacks read and committed in batches of 10, PostgreSQL",
        "≥ 1.5 x `pgbench -c1`",
        _against_pgbench,
    ),
    Target("lives/s on PostgreSQL, each engine at its best", "≥ 10 x DBOS", _against_dbos),
    Target("CPU from start to the end of the first event", "≤ 0.75 x the original", _start),
    Target("CPU per event, 1,000,000 stacks against 10, in memory", "the same", _flat("in memory")),
    Target(
        "CPU per event, 1,000,000 stacks against 10, PostgreSQL",
        "the same",
        _flat("on PostgreSQL"),
    ),
    Target(
        "CPU per event, 1,000 machines loaded against 1", "the same", _flat("machines in a folder")
    ),
)


def rows(report: Report) -> Iterator[tuple[str, str, str, str]]:
    """What, target, figure, and whether it is reached."""
    for target in TARGETS:
        figure, is_reached = target.reached(report)
        yield target.what, target.target, figure, "yes" if is_reached else "**no**"


def _times(figure: float, of: float, unit: str, bound: float, *, is_cost: bool = False) -> Reached:
    times = figure / of
    told = (
        f"{times:.2f} x ({figure:,.2f} {unit})"
        if is_cost
        else f"{times:.1f} x ({figure:,.0f} {unit})"
    )
    return told, times <= bound if is_cost else times >= bound


def _at(report: Report, bench: str, row: str, column: str) -> float:
    found = report.benches[bench].at(row, column)
    assert found is not None, f"bench '{bench}' has no row '{row}'"
    return found


def _of_kind(figures: Figures, kind: str) -> list[float]:
    """CPU of rows such as `1,000 stacks in memory`, the fewest first."""
    found = ((str(row[0]), row[1]) for row in figures.rows)
    return [
        float(cpu) for name, cpu in found if name.endswith(kind) and isinstance(cpu, int | float)
    ]
