"""A batch of events: load their stacks, fold the events in, commit each stack once, send.

Knows no machine language, no store and no queue: it talks to ports only, and is the one place
where deciding and doing meet.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from cloudseam.clock import Clock
from cloudseam.delivery import Delivery
from cloudseam.errors import (
    CloudSeamError,
    EarlierEventWaitsError,
    StackConflictError,
    StackTooLargeError,
    TerminalError,
)
from cloudseam.event import Event
from cloudseam.limits import refuse_large_metadata
from cloudseam.messages import parse_event
from cloudseam.outbox import Outbox
from cloudseam.outcome import Outcome
from cloudseam.persistence import StackRepository
from cloudseam.pinned_machines import Machines
from cloudseam.stack import Stack
from cloudseam.step import Step, Verdict, admit, refuse_without_token, step

# A lost race is run again at once this often; then the events go back to the queue.
COMMIT_ATTEMPTS = 4

Groups = dict[str, list[int]]  # stack id → positions of its events in the batch, in order


class StackService:
    """Applies events to stacks.

    `outbox` sends what a commit owes. `on_conflicts` is called with how many commits have lost a
    race.
    """

    def __init__(
        self,
        stacks: StackRepository,
        machines: Machines,
        outbox: Outbox,
        clock: Clock,
        *,
        requires_token: bool = False,
        on_conflicts: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._stacks = stacks
        self._machines = machines
        self._outbox = outbox
        self._clock = clock
        self._requires_token = requires_token
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
        self._outbox.send(groups, outcomes)
        return outcomes

    def _commit(
        self,
        groups: Groups,
        outcomes: list[Outcome],
        refusal: StackTooLargeError | None = None,
    ) -> Groups:
        """Folds each group into its stack and commits it; the groups that lost a race.

        `refusal` is why the one event that it is about could not be committed before.
        """
        loaded = self._stacks.load(list(groups))
        changed: list[Stack] = []
        for stack_id, positions in groups.items():
            if stack_id in loaded.failures:
                for position in positions:
                    outcomes[position] = outcomes[position].failed(loaded.failures[stack_id])
                continue
            stack = self._fold(loaded.stacks.get(stack_id), positions, outcomes, refusal)
            if stack is not None:
                changed.append(stack)
        failures = self._save(changed, loaded.stacks)
        for stack_id, error in failures.items():
            _undo(groups[stack_id], outcomes, error, loaded.stacks.get(stack_id))
            if isinstance(error, TerminalError) and len(groups[stack_id]) > 1:
                self._commit_one_by_one(stack_id, groups[stack_id], outcomes)
            elif isinstance(error, StackTooLargeError) and refusal is None:
                # Its machine may have less to keep of it.
                self._commit({stack_id: groups[stack_id]}, outcomes, error)
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
        self,
        stored: Stack | None,
        positions: Sequence[int],
        outcomes: list[Outcome],
        refusal: StackTooLargeError | None,
    ) -> Stack | None:
        """The stack after its events, or None if none of them changed it."""
        stack, waits = stored, False
        for position in positions:
            if waits:
                outcomes[position] = _behind(outcomes[position], stack)
                continue
            outcomes[position] = self._stepped(outcomes[position], stack, refusal)
            stack = outcomes[position].after
            waits = _has_to_be_first(outcomes[position])
        return None if stack is stored else stack

    def _stepped(
        self, parsed: Outcome, stack: Stack | None, refusal: StackTooLargeError | None
    ) -> Outcome:
        delivery, event = parsed.delivery, parsed.event
        try:
            taken = self._take(stack, event, refusal) if event else Verdict.LATE
        except Exception as error:  # a surprise included: one event must not fail the others
            return Outcome(delivery, event, before=stack, after=stack, error=error)
        if isinstance(taken, Verdict):
            return Outcome(delivery, event, taken, before=stack, after=stack)
        return Outcome(
            delivery,
            event,
            taken.verdict,
            before=stack,
            after=taken.stack,
            effects=taken.effects,
            wakes=taken.wakes,
            starts=taken.starts,
            given_up=taken.given_up,
            transition=taken.transition,
        )

    def _take(
        self, stored: Stack | None, event: Event, refusal: StackTooLargeError | None
    ) -> Step | Verdict:
        if self._requires_token:
            refuse_without_token(event)
        given = self._clock.draw()
        stack = admit(stored, event, given.now)
        if isinstance(stack, Verdict | Step):
            return stack
        machine = self._machines.machine_of(stack, event)
        tells = self._outbox.tells
        taken = step(machine, stack, event, given, remembers=tells, refusal=refusal)
        if event.metadata:
            refuse_large_metadata(taken.stack)
        for run in taken.effects:
            self._outbox.refuse_without_queue(stack, run.task)
        return taken


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


def _undo(
    positions: Iterable[int], outcomes: list[Outcome], error: Exception, stored: Stack | None
) -> None:
    """Gives the error to each delivery that was judged by a stack that was never committed."""
    for position in positions:
        judged = outcomes[position]
        if judged.error is None or judged.before is not stored:
            outcomes[position] = judged.undone(error, stored)
