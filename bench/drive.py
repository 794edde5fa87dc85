"""Lives driven through the function, in batches in which each event is for another stack."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from bench.function import Cost, Function, NotAppliedError
from bench.life import LIFE, MACHINE_NAME, Asked, Phase, body, tasks_of
from bench.stand_in import StandIn

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Driven:
    """What so many events of one phase cost, and the AWS calls of all of them."""

    phase: Phase
    events: int
    cost: Cost
    calls: Counter[str]


def drive(
    function: Function,
    aws: StandIn,
    lives: int,
    batch: int,
    machines: Sequence[str] = (MACHINE_NAME,),
) -> Iterator[Driven]:
    """New stacks through their whole life, phase by phase; they take turns on the machines."""
    stacks = [f"stack-{next(_numbers)}" for _ in range(lives)]
    asked: Asked = {}
    aws.take()
    for phase in LIFE:
        bodies = [
            body(phase, stack, asked, machines[number % len(machines)])
            for number, stack in enumerate(stacks)
        ]
        cost = function.handle([bodies[n : n + batch] for n in range(0, lives, batch)])
        taken = aws.take()
        asked |= tasks_of(taken.messages)
        yield Driven(phase, lives, cost, taken.calls)
    if len(asked) != 3 * lives:
        raise NotAppliedError(f"{len(asked)} tasks were asked for by {lives} lives.")


def total(driven: Sequence[Driven]) -> Cost:
    """The cost of all phases together."""
    return sum((each.cost for each in driven), Cost())
