"""Whether an event costs the same with many stacks in the store, and with many machines loaded."""

from bench import many_machines, many_stacks
from bench.figures import Figures, Tell
from bench.touches import BATCH


def run(scale: float, tell: Tell) -> Figures:
    """Both, one after the other."""
    return Figures(
        "Growth",
        ("with", "CPU µs per event", "ms per event", "reads and writes per event"),
        (*many_stacks.rows(scale, tell), *many_machines.rows(scale, tell)),
        f"Events that change a stack without a task, in batches of {BATCH}, each for another stack "
        "chosen at random. In memory it is the engine alone: DynamoDB finds an item by its key "
        "however many there are, so the engine is what could grow. On PostgreSQL the rows are "
        "there, and statements are counted. A stack remembers the events it applied, and of ten "
        "each has most. Of machines all are loaded, and counted is how often "
        "one is read again from the store; old versions are of files that have changed under "
        "their stacks. A bucket is listed every 30 seconds besides, a call for 1,000 objects.",
    )
