"""Events per second and CPU per event through `lambda_handler`, on both stores."""

from collections import defaultdict
from contextlib import ExitStack
from statistics import median

from bench.drive import drive, total
from bench.figures import Figures, Tell, times
from bench.function import STORES, Cost, container, installation
from bench.life import LIFE

ROUNDS = 3
# Lives of one round, by seconds per call and batch size.
LIVES = {
    (0, 1): 60,
    (0, 10): 200,
    (0, 100): 300,
    (0.005, 1): 20,
    (0.005, 10): 60,
    (0.005, 100): 200,
}
WARM_UP = 20


def run(scale: float, tell: Tell) -> Figures:
    """Both containers take turns, round by round, so that both have the same moods of the
    computer."""
    costs: dict[tuple[str, float, int], list[Cost]] = defaultdict(list)
    events: dict[tuple[float, int], int] = {}
    with installation(*STORES) as place, ExitStack() as containers:
        functions = {store: containers.enter_context(container(place, store)) for store in STORES}
        for function in functions.values():
            list(drive(function, place.aws, WARM_UP, 10))
        for number in range(rounds := times(ROUNDS, scale)):
            for (latency, batch), most in LIVES.items():
                tell(f"round {number + 1} of {rounds}, {latency * 1000:.0f} ms, batches of {batch}")
                lives = max(batch, round(most * scale / batch) * batch)
                events[latency, batch] = lives * len(LIFE)
                place.aws.set_latency(latency)
                for store, function in functions.items():
                    cost = total(list(drive(function, place.aws, lives, batch)))
                    costs[store, latency, batch].append(cost)
    rows = tuple(
        (
            row_name(store, latency, batch),
            median(events[latency, batch] / cost.wall for cost in found),
            median(cost.cpu / events[latency, batch] * 1000 for cost in found),
        )
        for (store, latency, batch), found in sorted(costs.items())
    )
    return Figures(
        "Events through the handler",
        ("store, time per AWS call, batch", "events/s", "CPU ms per event"),
        rows,
        "Whole lives through `state_machine.app.lambda_handler` in a process of its own, whose "
        "CPU is counted; every event of a batch is for another stack. PostgreSQL is a real "
        f"server on this computer; only AWS takes that time to answer. Median of {rounds} rounds.",
    )


def row_name(store: str, latency: float, batch: int) -> str:
    """How the row is called."""
    return f"{store}, {latency * 1000:.0f} ms, {batch}"
