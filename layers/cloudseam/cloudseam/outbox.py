"""What a batch owes once it is committed: tasks, timers, STARTs, dead letters and notices.

All of it is in the rows, or follows from them: what could not be sent is owed to the redelivery of
the event that it came of, which sends it again and changes nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cloudseam.buses import Bus
from cloudseam.dead_letters import letter_of_failure
from cloudseam.errors import ContainerQueueMissingError, ServiceUnavailableError
from cloudseam.messages import start_message, task_message
from cloudseam.outcome import Outcome
from cloudseam.queues import OutgoingMessage, Queue
from cloudseam.stack import Stack
from cloudseam.step import RunTask
from cloudseam.task_spec import CONTAINER, LAMBDA, TaskSpec
from cloudseam.timers import Timer, Timers
from cloudseam.transition import Notice

NO_EVENT_QUEUE = (
    "A stack starts another one, and the event queue is not known: set SQS_EVENT_QUEUE_URL."
)

Groups = Mapping[str, Sequence[int]]  # stack id → positions of its events in the batch, in order


class Outbox:
    """Sends what is owed, each kind in as few calls as there can be.

    Tasks are asked for on `tasks`, those with `runner: container` on `container_tasks`; `events`
    takes the STARTs of other stacks, `letters` the dead letters of tasks given up. With a bus
    others are told of each transition.
    """

    def __init__(
        self,
        tasks: Queue,
        timers: Timers,
        *,
        events: Queue | None = None,
        letters: Queue | None = None,
        container_tasks: Queue | None = None,
        bus: Bus | None = None,
    ) -> None:
        self._tasks = {LAMBDA: tasks} | ({CONTAINER: container_tasks} if container_tasks else {})
        self._timers = timers
        self._events = events
        self._letters = letters
        self._bus = bus

    @property
    def tells(self) -> bool:
        """Whether there is somebody to be told of transitions."""
        return self._bus is not None

    def send(self, groups: Groups, outcomes: list[Outcome]) -> None:
        """Sends all that is still owed once all events are folded; a failure fails who is owed it.

        STARTs go first: the answer to a task tells that they were sent.
        """
        self._start_others(outcomes)
        self._ask_for_tasks(groups, outcomes)
        self._set_timers(groups, outcomes)
        self._send_letters(outcomes)
        if self._bus is not None:
            self._notify(self._bus, outcomes)

    def refuse_without_queue(self, stack: Stack, task: TaskSpec) -> None:
        """Refuses an event that asks for a task that there is no queue for.

        Raises:
            ContainerQueueMissingError: its runner has none.
        """
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

    def _ask_for_tasks(self, groups: Groups, outcomes: list[Outcome]) -> None:
        """Asks for the task attempts that still stand once all events are folded."""
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


def _fail(positions: Iterable[int], outcomes: list[Outcome], error: Exception) -> None:
    """Gives the error to each of the deliveries that has none of its own."""
    for position in positions:
        outcomes[position] = outcomes[position].failed(error)


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
