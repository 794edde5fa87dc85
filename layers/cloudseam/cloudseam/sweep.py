"""The sweep: looks at every stack that waits, now and then, and sets right what was lost.

It is the net under everything that depends on a message that may get lost for good: a timer, a
task, an answer. What it finds goes through the same steps and commits as an event.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from cloudseam.clock import Clock
from cloudseam.event import TIMER_DUE, Event
from cloudseam.outcome import Outcome
from cloudseam.persistence import ClaimRepository, StackRepository
from cloudseam.service import StackService
from cloudseam.stack import Stack, Task, TaskStatus

STACKS_AT_ONCE = 100
# A timer's own message is given so long before the sweep takes its place, in milliseconds.
TIMER_GRACE_MS = 60_000


class Repair(StrEnum):
    """What a sweep made good."""

    TIMER_FIRED = "TIMER_FIRED"
    TASK_RESENT = "TASK_RESENT"
    TASK_LOST = "TASK_LOST"


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: stacks that wait and were looked at, and the outcome of each repair.

    `rest_after` is the id to go on behind when time was over, None when all were looked at.
    `failed` is how many of the stacks nothing but a person moves on, see `Stack.has_failed`.
    """

    looked_at: int
    repairs: tuple[Outcome, ...]
    rest_after: str | None = None
    failed: int = 0


class Sweep:
    """Finds timers that nobody fired and tasks that nobody works on.

    A task counts as lost when it has not been answered `lost_after` seconds after it was asked
    for, and again as long after each time that it was sent again, and nobody holds its claim.
    """

    def __init__(
        self,
        stacks: StackRepository,
        claims: ClaimRepository,
        service: StackService,
        clock: Clock,
        *,
        lost_after: float,
    ) -> None:
        self._stacks = stacks
        self._claims = claims
        self._service = service
        self._clock = clock
        self._lost_after_ms = round(lost_after * 1000)

    def run(self, time_left: Callable[[], float], after: str = "") -> Swept:
        """Sweeps the stacks behind `after` as long as `time_left` gives seconds above 0."""
        waiting = self._stacks.scan_unfinished(after)
        looked_at, failed, last, repairs = 0, 0, after, list[Outcome]()
        while time_left() > 0:
            stacks = list(islice(waiting, STACKS_AT_ONCE))
            if not stacks:
                return Swept(looked_at, tuple(repairs), failed=failed)
            looked_at, last = looked_at + len(stacks), stacks[-1].id
            failed += sum(stack.has_failed for stack in stacks)
            events = self._events(stacks)
            repairs += self._service.handle_events(events) if events else []
        return Swept(looked_at, tuple(repairs), last, failed)

    def _events(self, stacks: Sequence[Stack]) -> list[Event]:
        given = self._clock.draw()
        lost = self._lost(stacks, given.now)
        return [
            Event(given.token(stack.id), stack.id, TIMER_DUE, lost=tokens)
            for stack in stacks
            if (tokens := lost.get(stack.id, ())) or _is_overdue(stack, given.now)
        ]

    def _lost(self, stacks: Sequence[Stack], now: int) -> dict[str, tuple[str, ...]]:
        """Tokens of the attempts that nobody works on though they should be over, by stack."""
        late = [(stack.id, task) for stack in stacks for task in self._late(stack.tasks, now)]
        claims = self._claims.find([task.token for _, task in late]) if late else {}
        lost: dict[str, tuple[str, ...]] = {}
        for stack_id, task in late:
            claim = claims.get(task.token)
            if claim is None or claim.done or claim.is_free(now):
                lost[stack_id] = (*lost.get(stack_id, ()), task.token)
        return lost

    def _late(self, tasks: Iterable[Task], now: int) -> Iterator[Task]:
        for task in tasks:
            patience = self._lost_after_ms * (task.resent + 1)
            is_late = task.asked_at and task.token and now - task.asked_at >= patience
            if is_late and task.status is TaskStatus.PENDING:
                yield task


def repairs_of(outcome: Outcome) -> Iterator[Repair]:
    """What was made good of a stack, once for each of its tasks; nothing where that failed."""
    before, after = outcome.before, outcome.after
    if outcome.error is not None or before is None or after is None:
        return
    for task in after.tasks:
        known = before.task(task.name)
        if known is None or known == task:
            continue
        if known.timer and known.timer <= after.updated_at:
            yield Repair.TIMER_FIRED
        else:
            yield Repair.TASK_RESENT if task.resent > known.resent else Repair.TASK_LOST


def _is_overdue(stack: Stack, now: int) -> bool:
    return any(at + TIMER_GRACE_MS <= now for at in stack.timers)
