"""The peak of the handler's memory: after its first event, after more, and with many machines."""

from bench.drive import drive, total
from bench.figures import Cell, Figures, Tell, times
from bench.function import STORES, Function, Installation, container, installation
from bench.life import LIFE, machine_text

LIVES = 200
MACHINES = 1_000
MEGABYTE = 1 << 20


def run(scale: float, tell: Tell) -> Figures:
    """One container per store, which grows."""
    lives, machines = times(LIVES, scale), times(MACHINES, scale)
    with installation(*STORES) as place:
        rows = []
        names = more_machines(place, machines)
        for store in STORES:
            tell(store)
            with container(place, store) as function:
                rows.append(_row(store, place, function, lives, names))
    return Figures(
        "Memory",
        (
            "store",
            "MB after import",
            "after the first event",
            f"after {lives * len(LIFE):,} events",
            f"after {machines:,} machines",
        ),
        tuple(rows),
        "The most that the function's process has had resident, in megabytes of 2^20 bytes. Each "
        "of the machines is another file, and has had a stack of its own in batches of ten.",
    )


def more_machines(place: Installation, number: int) -> list[str]:
    """So many machines more, each a file; their names."""
    names = [f"machine-{each}" for each in range(number)]
    for name in names:
        (place.machines / f"{name}.yml").write_text(machine_text(name))
    return names


def _row(
    store: str, place: Installation, function: Function, lives: int, names: list[str]
) -> tuple[Cell, ...]:
    peaks = [
        function.handle([]),
        total(list(drive(function, place.aws, 1, 1))),
        total(list(drive(function, place.aws, lives, 10))),
        total(list(drive(function, place.aws, len(names), 10, names))),
    ]
    return (store, *(peak.memory / MEGABYTE for peak in peaks))
