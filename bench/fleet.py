"""A simulated fleet: many consumers, hot stacks, in the simulator's virtual time."""

from collections.abc import Iterator

from bench.figures import Cell, Figures, Tell, times
from bench.simulated_fleet import Crowd, gathered

# Of all stacks the hottest has about one in eight of the events, where there is skew.
CROWDS = {
    "4 consumers, 200 stacks alike": Crowd(4, 200, 2_000, per_second=20, skew=0),
    "4 consumers, 200 stacks, hot ones": Crowd(4, 200, 2_000, per_second=20),
    "32 consumers, 200 stacks, hot ones": Crowd(32, 200, 4_000, per_second=100),
    "32 consumers, 10 stacks": Crowd(32, 10, 1_000, per_second=100),
}
SMALLEST = 20


def run(scale: float, tell: Tell) -> Figures:
    """Counts and virtual time: the same on every computer."""
    return Figures(
        "A simulated fleet",
        (
            "consumers of each function, stacks",
            "events",
            "calls per event",
            "lost races per commit",
            "redeliveries per event",
            "dead letters",
            "median ms",
            "99 % within ms",
        ),
        tuple(_rows(scale, tell)),
        "The functions over the simulator's ports, where a call takes 1 to 41 ms, an SQS batch has "
        "1 to 10 messages, and chance decides who goes on. Launches first, then NOTE events, which "
        "change their stack, at random moments; hot stacks are chosen by Zipf's law. Events are "
        "those from outside and the answers of tasks; calls are all I/Os of both functions for "
        "them, deletes included; a redelivery is a message that came again. The times are virtual, "
        "from sent to deleted.",
    )


def _rows(scale: float, tell: Tell) -> Iterator[tuple[Cell, ...]]:
    for name, crowd in CROWDS.items():
        tell(name)
        events = max(SMALLEST, round(crowd.events * scale))
        stacks = times(crowd.stacks, scale)
        came = gathered(Crowd(crowd.consumers, stacks, events, crowd.per_second, crowd.skew))
        if came.applied != came.events:
            raise SystemExit(f"{came.events} events came, {came.applied} were applied")
        yield (
            name,
            came.events,
            came.calls.total() / came.events,
            came.conflicts / came.commits,
            came.redeliveries / came.events,
            came.letters,
            came.wait(0.5),
            came.wait(0.99),
        )
