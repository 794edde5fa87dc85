"""What became of one delivery."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from cloudseam.delivery import Delivery
from cloudseam.event import Event
from cloudseam.stack import Stack, Task
from cloudseam.start import Start
from cloudseam.step import RunTask, Verdict
from cloudseam.transition import Transition

NOTHING_OWED: dict[str, Any] = {"effects": (), "wakes": (), "starts": (), "given_up": ()}


class Fate(StrEnum):
    """Where the message is now."""

    DONE = "DONE"
    RETURNED = "RETURNED"
    DEAD_LETTERED = "DEAD_LETTERED"
    QUEUED = "QUEUED"  # it came from elsewhere, and waits on the event queue now


@dataclass(frozen=True, slots=True)
class Outcome:
    """One delivery's own outcome: a verdict on its event, or the error that it met.

    An event that was applied, though not all that it asks for was sent, has both. `before` and
    `after` are the stack around this event, where it had one, and `transition` what it made of it;
    `effects` are the task attempts whose messages are owed to this delivery, `wakes` the timers
    (epoch ms), `starts` the STARTs of other stacks, and `given_up` the tasks that a dead letter is
    owed for.
    """

    delivery: Delivery
    event: Event | None = None
    verdict: Verdict | None = None
    before: Stack | None = None
    after: Stack | None = None
    effects: tuple[RunTask, ...] = ()
    wakes: tuple[int, ...] = ()
    starts: tuple[Start, ...] = ()
    given_up: tuple[Task, ...] = ()
    transition: Transition | None = None
    error: Exception | None = None
    fate: Fate = Fate.DONE

    @property
    def retries(self) -> int:
        """How many tasks this event asked for again, each as a new attempt."""
        if self.verdict is not Verdict.APPLIED or self.before is None or self.after is None:
            return 0
        return sum(
            (known := self.before.task(task.name)) is not None and known.attempt < task.attempt
            for task in self.after.tasks
            if task.attempt > 1
        )

    def failed(self, error: Exception) -> Self:
        """The same with an error, unless it has one, and with nothing owed until it comes again."""
        return self if self.error is not None else replace(self, **NOTHING_OWED, error=error)

    def undone(self, error: Exception, stored: Stack | None) -> Self:
        """The same where the stack that it was judged by was never committed."""
        nothing: dict[str, Any] = {**NOTHING_OWED, "verdict": None, "transition": None}
        return replace(self, **nothing, after=stored, error=error)

    @property
    def tasks_asked(self) -> tuple[str, ...]:
        """The names of the tasks whose messages are owed."""
        return tuple(run.task.name for run in self.effects)
