"""A batch of events: load their stacks, fold the events in, commit each stack once, send.

Knows no machine language, no store and no queue: it talks to ports only, and is the one place
where deciding and doing meet.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudseam.buses import Bus
from cloudseam.clock import Clock
from cloudseam.dead_letters import letter_of_failure
from cloudseam.delivery import Delivery
from cloudseam.errors import (
    CloudSeamError,
    ContainerQueueMissingError,
    EarlierEventWaitsError,
    ServiceUnavailableError,
    StackConflictError,
    TerminalError,
)
from cloudseam.event import Event
from cloudseam.limits import refuse_large_metadata
from cloudseam.messages import parse_event, start_message, task_message
from cloudseam.outcome import Outcome
from cloudseam.persistence import StackRepository
from cloudseam.pinned_machines import Machines
from cloudseam.queues import OutgoingMessage, Queue
from cloudseam.stack import Stack
from cloudseam.step import RunTask, Step, Verdict, admit, refuse_without_token, step
from cloudseam.task_spec import CONTAINER, LAMBDA, TaskSpec
from cloudseam.timers import Timer, Timers
from cloudseam.transition import Notice

# A lost race is run again at once this often; then the events go back to the queue.
COMMIT_ATTEMPTS = 4

NOTHING_OWED: dict[str, Any] = {
    "effects": (),
    "wakes": (),
    "starts": (),
    "given_up": (),
}
NO_EVENT_QUEUE = (
    "A stack starts another one, and the event queue is not known: set SQS_EVENT_QUEUE_URL."
)

Groups = dict[str, list[int]]  # stack id → positions of its events in the batch, in order


class StackService:
    """Applies events to stacks.

    Tasks are asked for on `tasks`, those with `runner: container` on `container_tasks`. Without
    that an event that asks for one is refused.
    `events` takes the STARTs of other stacks, `letters` the dead letters of tasks given up. With a
    bus others are told of each transition. `on_conflicts` is called with how many commits have lost
    a race.
    """

    def __init__(
        self,
        stacks: StackRepository,
        machines: Machines,
        tasks: Queue,
        timers: Timers,
        clock: Clock,
        *,
        events: Queue | None = None,
        letters: Queue | None = None,
        container_tasks: Queue | None = None,
        requires_token: bool = False,
        bus: Bus | None = None,
        on_conflicts: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._stacks = stacks
        self._machines = machines
        self._tasks = {LAMBDA: tasks} | ({CONTAINER: container_tasks} if container_tasks else {})
        self._timers = timers
        self._clock = clock
        self._events = events
        self._letters = letters
        self._requires_token = requires_token
        self._bus = bus
        self._on_conflicts = on_conflicts

    def handle_batch(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Each delivery's own outcome, in order; events of one stack are applied in order.

        An unexpected error becomes the outcome of the deliveries it touched, never of others.
        """
        return self._applied([_parsed(delivery) for delivery in deliveries])

    def handle_events(self, events: Sequence[Event]) -> list[Outcome]:
        """The same for events that come from no queue: nobody delivers them again."""
        return self._applied([Outcome(Delivery(event.id, ""), event) for event in events])

    def _applied(self, outcomes: list[Outcome]) -> list[Outcome]:
        groups = _by_stack(outcomes)
        waiting = groups
        for _ in range(COMMIT_ATTEMPTS):
            if not waiting:
                break
            waiting = self._commit(waiting, outcomes)
            self._on_conflicts(len(waiting))
        self._start_others(outcomes)
        self._send(groups, outcomes)
        self._set_timers(groups, outcomes)
        self._send_letters(outcomes)
        if self._bus is not None:
            self._notify(self._bus, outcomes)
        return outcomes

    def _commit(self, groups: Groups, outcomes: list[Outcome]) -> Groups:
        """Folds each group into its stack and commits it; the groups that lost a race."""
        loaded = self._stacks.load(list(groups))
        changed: list[Stack] = []
        for stack_id, positions in groups.items():
            if stack_id in loaded.failures:
                _fail(positions, outcomes, loaded.failures[stack_id])
                continue
            stack = self._fold(loaded.stacks.get(stack_id), positions, outcomes)
            if stack is not None:
                changed.append(stack)
        failures = self._save(changed, loaded.stacks)
        for stack_id, error in failures.items():
            _undo(groups[stack_id], outcomes, error, loaded.stacks.get(stack_id))
            if isinstance(error, TerminalError) and len(groups[stack_id]) > 1:
                self._commit_one_by_one(stack_id, groups[stack_id], outcomes)
        return {
            stack_id: groups[stack_id]
            for stack_id, error in failures.items()
            if isinstance(error, StackConflictError)
        }

    def _save(
        self, changed: Sequence[Stack], stored: Mapping[str, Stack]
    ) -> Mapping[str, CloudSeamError]:
        """Commits the stacks, each once its machine's version is kept; what failed, by id."""
        unkept = self._machines.keep(changed, stored)
        kept = [stack for stack in changed if stack.id not in unkept]
        return {**unkept, **(self._stacks.save(kept) if kept else {})}

    def _commit_one_by_one(
        self, stack_id: str, positions: Sequence[int], outcomes: list[Outcome]
    ) -> None:
        """Finds out which event of a stack cannot be committed, so that the others are."""
        for number, position in enumerate(positions, start=1):
            self._commit({stack_id: [position]}, outcomes)
            if _has_to_be_first(outcomes[position]):
                for behind in positions[number:]:
                    outcomes[behind] = _behind(outcomes[behind], outcomes[position].after)
                break

    def _fold(
        self, stored: Stack | None, positions: Sequence[int], outcomes: list[Outcome]
    ) -> Stack | None:
        """The stack after its events, or None if none of them changed it."""
        stack, waits = stored, False
        for position in positions:
            if waits:
                outcomes[position] = _behind(outcomes[position], stack)
                continue
            outcomes[position] = self._stepped(outcomes[position], stack)
            stack = outcomes[position].after
            waits = _has_to_be_first(outcomes[position])
        return None if stack is stored else stack

    def _stepped(self, parsed: Outcome, stack: Stack | None) -> Outcome:
        fresh = Outcome(parsed.delivery, event=parsed.event, before=stack, after=stack)
        try:
            taken = self._take(stack, parsed.event) if parsed.event else Verdict.LATE
        except Exception as error:  # a surprise included: one event must not fail the others
            return replace(fresh, error=error)
        if isinstance(taken, Verdict):
            return replace(fresh, verdict=taken)
        return replace(
            fresh,
            verdict=taken.verdict,
            after=taken.stack,
            effects=taken.effects,
            wakes=taken.wakes,
            starts=taken.starts,
            given_up=taken.given_up,
            transition=taken.transition,
        )

    def _take(self, stored: Stack | None, event: Event) -> Step | Verdict:
        if self._requires_token:
            refuse_without_token(event)
        given = self._clock.draw()
        stack = admit(stored, event, given.now)
        if isinstance(stack, Verdict | Step):
            return stack
        machine = self._machines.machine_of(stack, event)
        taken = step(machine, stack, event, given, remembers=self._bus is not None)
        if event.metadata:
            refuse_large_metadata(taken.stack)
        for run in taken.effects:
            self._refuse_without_queue(stack, run.task)
        return taken

    def _refuse_without_queue(self, stack: Stack, task: TaskSpec) -> None:
        if task.runner not in self._tasks:
            raise ContainerQueueMissingError(
                f"Task '{task.name}' of stack '{stack.id}' has `runner: {task.runner}`, but "
                "SQS_CONTAINER_TASK_QUEUE_URL is not set: there is no queue for it. Deploy with "
                "ContainerTasks=true, or set it; then redrive this event.",
                stack_id=stack.id,
                machine=stack.machine,
                state=stack.state,
            )

    def _start_others(self, outcomes: list[Outcome]) -> None:
        """Sends the STARTs that are owed. Whoever is owed one that failed has no task sent, since
        the answer to that would say that all STARTs are sent."""
        owed = [(n, start) for n, outcome in enumerate(outcomes) for start in outcome.starts]
        if not owed:
            return
        messages = [OutgoingMessage(start_message(start)) for _, start in owed]
        missing = ServiceUnavailableError(NO_EVENT_QUEUE)
        failures = (
            self._events.send(messages)
            if self._events is not None
            else dict.fromkeys(range(len(messages)), missing)
        )
        for number, failure in failures.items():
            _fail([owed[number][0]], outcomes, _unsent(failure))

    def _send_letters(self, outcomes: list[Outcome]) -> None:
        """Has tasks that were given up seen on the dead-letter queue, where there is one."""
        owed = [(n, task) for n, outcome in enumerate(outcomes) for task in outcome.given_up]
        if self._letters is None or not owed:
            return
        letters = [letter_of_failure(outcomes[position], task) for position, task in owed]
        for number, failure in self._letters.send(letters).items():
            _fail([owed[number][0]], outcomes, _unsent(failure))

    def _send(self, groups: Groups, outcomes: list[Outcome]) -> None:
        """Sends what is still owed once all events are folded; a failure fails who is owed it."""
        owed: dict[str, dict[str, OutgoingMessage]] = {}
        owed_to: dict[str, list[int]] = {}
        for position, stack, run in _owed(groups, outcomes):
            try:
                message = OutgoingMessage(
                    task_message(stack, run), stack_id=stack.id, machine=stack.machine
                )
                owed.setdefault(run.task.runner, {}).setdefault(run.token, message)
                owed_to.setdefault(run.token, []).append(position)
            except Exception as error:  # one task that cannot be written must not fail the others
                _fail([position], outcomes, error)
        for runner, messages in owed.items():
            tokens = list(messages)
            failures = self._tasks[runner].send(list(messages.values()))
            for number, failure in failures.items():
                _fail(owed_to[tokens[number]], outcomes, _unsent(failure))

    def _set_timers(self, groups: Groups, outcomes: list[Outcome]) -> None:
        """Sets the timers that still stand once all events are folded."""
        owed: dict[Timer, list[int]] = {}
        for stack_id, positions in groups.items():
            stack = outcomes[positions[-1]].after
            if stack is None:
                continue
            for position in positions:
                for at in stack.timers.intersection(outcomes[position].wakes):
                    owed.setdefault(Timer(stack_id, at, stack.machine), []).append(position)
        timers = list(owed)
        failures = self._timers.set(timers) if timers else {}
        for number, failure in failures.items():
            _fail(owed[timers[number]], outcomes, _unsent(failure))

    def _notify(self, bus: Bus, outcomes: list[Outcome]) -> None:
        """Tells of the transitions that these events made, now or before; a failure fails them."""
        owed: dict[str, Notice] = {}
        owed_to: dict[str, list[int]] = {}
        for position, notice in _notices(outcomes):
            owed.setdefault(notice.id, notice)
            owed_to.setdefault(notice.id, []).append(position)
        ids = list(owed)
        failures = bus.put(list(owed.values())) if owed else {}
        for number, failure in failures.items():
            _fail(owed_to[ids[number]], outcomes, _untold(failure))


def _parsed(delivery: Delivery) -> Outcome:
    try:
        return Outcome(delivery, event=parse_event(delivery.body, delivery.message_id))
    except Exception as error:  # a surprise included: one message must not fail the others
        return Outcome(delivery, error=error)


def _has_to_be_first(outcome: Outcome) -> bool:
    """Whether the events of its stack behind it wait for an event that may work later."""
    failed = outcome.error is not None and not isinstance(outcome.error, TerminalError)
    return failed and outcome.delivery.in_order


def _behind(parsed: Outcome, stack: Stack | None) -> Outcome:
    """The outcome of an event that waits for one before it."""
    error = EarlierEventWaitsError(stack_id=parsed.event.stack_id if parsed.event else None)
    return Outcome(parsed.delivery, parsed.event, before=stack, after=stack, error=error)


def _by_stack(outcomes: Sequence[Outcome]) -> Groups:
    groups: Groups = {}
    for position, outcome in enumerate(outcomes):
        if outcome.event is not None:
            groups.setdefault(outcome.event.stack_id, []).append(position)
    return groups


def _fail(positions: Iterable[int], outcomes: list[Outcome], error: Exception) -> None:
    """Gives the error to each of the deliveries that has none of its own."""
    for position in positions:
        failed = outcomes[position]
        if failed.error is None:
            outcomes[position] = replace(failed, **NOTHING_OWED, error=error)


def _undo(
    positions: Iterable[int], outcomes: list[Outcome], error: Exception, stored: Stack | None
) -> None:
    """Gives the error to each delivery that was judged by a stack that was never committed."""
    for position in positions:
        judged = outcomes[position]
        if judged.error is None or judged.before is not stored:
            outcomes[position] = replace(
                judged, **NOTHING_OWED, verdict=None, transition=None, after=stored, error=error
            )


def _unsent(failure: Exception) -> ServiceUnavailableError:
    """Says what a person has to know who finds the event on the dead-letter queue."""
    unsent = ServiceUnavailableError(
        f"{failure} The event was applied, but not all tasks it asks for were sent. Where it is "
        "not delivered again, send RETRY_PENDING_TASKS."
    )
    unsent.__cause__ = failure
    return unsent


def _untold(failure: Exception) -> ServiceUnavailableError:
    untold = ServiceUnavailableError(
        f"{failure} The event was applied, but nobody was told of its transition. Where it is not "
        "delivered again, redrive it: it is told then, and nothing else happens."
    )
    untold.__cause__ = failure
    return untold


def _notices(outcomes: Sequence[Outcome]) -> Iterator[tuple[int, Notice]]:
    """What is to be told with which delivery. The stack after an event is always a stored one."""
    for position, outcome in enumerate(outcomes):
        event, stack = outcome.event, outcome.after
        if event is not None and stack is not None:
            for transition in stack.transitions_by(event.id):
                yield position, Notice(stack.id, event.id, transition)


def _owed(groups: Groups, outcomes: Sequence[Outcome]) -> Iterator[tuple[int, Stack, RunTask]]:
    """What is owed to which delivery, with the stack as its last event in the batch left it."""
    for positions in groups.values():
        stack = outcomes[positions[-1]].after
        if stack is not None:
            for position in positions:
                for run in _still_owed(outcomes[position], stack):
                    yield position, stack, run


def _still_owed(outcome: Outcome, stack: Stack) -> Iterable[RunTask]:
    """The delivery's task attempts that no later event of the batch has settled or replaced."""
    for run in outcome.effects:
        if stack.is_attempt_current(run.task.name, run.token):
            yield run
