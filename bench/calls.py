"""AWS calls of one event alone, and of a batch of ten for ten stacks, phase by phase of a life."""

from collections import Counter

from bench.drive import drive
from bench.figures import Figures, Tell
from bench.function import STORES, container, installation

BATCHES = (1, 10)


def run(scale: float, tell: Tell) -> Figures:
    """Counts, so the scale does not matter."""
    with installation(*STORES) as place:
        counted: dict[tuple[str, int, str], Counter[str]] = {}
        for store in STORES:
            tell(store)
            with container(place, store) as function:
                list(drive(function, place.aws, 1, 1))  # keeps the machine's version
                for batch in BATCHES:
                    for each in drive(function, place.aws, batch, batch):
                        counted[store, batch, str(each.phase)] = each.calls
    rows = tuple(
        (f"{store}, batch of {batch}, {phase}", calls.total(), _told(calls))
        for (store, batch, phase), calls in counted.items()
    )
    return Figures(
        "AWS calls of one batch",
        ("batch", "calls", "which"),
        rows,
        "One invocation each; ten events are for ten stacks. The version of the machine is kept "
        "already. With PostgreSQL a batch has two statements besides, one to read and one to "
        "commit; a batch that removes stacks has a third, which clears old tombstones away.",
    )


def _told(calls: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(calls.items())) or "none"
