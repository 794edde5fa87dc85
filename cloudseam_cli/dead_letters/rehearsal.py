"""What dead letters would do now: each is tried out by the functions' own code, on a draft."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloudseam.clock import Clock
from cloudseam.delivery import Delivery
from cloudseam.errors import CloudSeamError, MachineNotFoundError, ServiceUnavailableError
from cloudseam.locators import MachineLocator
from cloudseam.machine import Machine
from cloudseam.messages import TaskRequest, parse_event, parse_task
from cloudseam.outbox import Outbox
from cloudseam.outcome import Outcome
from cloudseam.persistence import ClaimRepository, MachineVersions
from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.persistence.row import to_row
from cloudseam.persistence.store import Store
from cloudseam.pinned_machines import LatestMachines, PinnedMachines
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.step import Verdict
from cloudseam.timers import NoTimers
from cloudseam_cli.dead_letters.identity import redriven_body
from cloudseam_cli.dead_letters.letter import TASK, Letter
from cloudseam_cli.local.report import reason_of
from state_machine.sweeping import rest_of_sweep


class Chance(StrEnum):
    """How it would end."""

    WORKS = "WORKS"
    NO_EFFECT = "NO_EFFECT"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a letter would do now, in words, and the body to send for that.

    Without a body it is not to be sent: nobody waits for it, or it cannot be told under which id.
    """

    chance: Chance
    text: str
    body: str | None


class MachinesUnknownError(MachineNotFoundError):
    """Where machines are is not known here."""


class Rehearsal:
    """Tries letters out one after the other, each on what those before it would have made.

    Nothing is written. `machines` is None where it is not known where their files are: then a
    stack has the version that it started on, and a new one none.
    """

    def __init__(
        self,
        store: Store,
        machines: MachineLocator | None,
        clock: Clock,
        *,
        pinned: bool = True,
        requires_token: bool = False,
    ) -> None:
        self._stored = store.stacks
        self._claims: ClaimRepository = store.claims
        self._clock = clock
        self._fetched: dict[str, Stack | None] = {}
        self._draft = InMemoryStackRepository()
        of_stacks = PinnedMachines if pinned or machines is None else LatestMachines
        self._service = StackService(
            self._draft,
            of_stacks(machines or _NoMachines(), _KeptVersions(store.versions)),
            Outbox(InMemoryQueue(), NoTimers(), container_tasks=InMemoryQueue()),
            clock,
            requires_token=requires_token,
        )

    def forecast(self, letter: Letter) -> Forecast:
        """What the letter would do now."""
        try:
            return self._task(letter) if letter.what == TASK else self._event(letter)
        except ServiceUnavailableError as error:
            return Forecast(Chance.UNKNOWN, f"cannot tell: {error}", None)

    def _event(self, letter: Letter) -> Forecast:
        if rest_of_sweep(letter.body) is not None:
            return Forecast(Chance.WORKS, "would go on with a sweep", letter.body)
        try:
            event = parse_event(letter.body, letter.failed_id)
            stored = self._fetch(event.stack_id)
        except ServiceUnavailableError:
            raise
        except CloudSeamError as error:
            return Forecast(Chance.REFUSED, f"cannot work: {error}", letter.body)
        drafted = self._draft.load([event.stack_id]).stacks.get(event.stack_id)
        body = redriven_body(letter, event, drafted)
        (outcome,) = self._service.handle_batch([Delivery(letter.failed_id, body)])
        if outcome.verdict is Verdict.DUPLICATE and outcome.event is not None:
            is_twin = stored is None or not stored.has_applied(outcome.event.id)
            return _duplicate(outcome, body, is_twin=is_twin)
        return Forecast(*_told(outcome), body)

    def _task(self, letter: Letter) -> Forecast:
        try:
            request = parse_task(letter.body)
            stack = self._fetch(request.stack_id)
        except ServiceUnavailableError:
            raise
        except CloudSeamError as error:
            return Forecast(Chance.REFUSED, f"cannot work: {error}", letter.body)
        if stack is None:
            text = f"cannot work: there is no stack '{request.stack_id}'"
            return Forecast(Chance.REFUSED, text, letter.body)
        if request.token and not stack.is_attempt_current(request.name, request.token):
            text = "no effect: the stack no longer waits for this attempt"
            return Forecast(Chance.NO_EFFECT, text, None)
        return Forecast(Chance.WORKS, self._claimed(request), letter.body)

    def _claimed(self, request: TaskRequest) -> str:
        """What a satisfier would do with a task that its stack waits for."""
        claim = self._claims.find([request.token]).get(request.token) if request.token else None
        if claim is None:
            return f"would run task {request.name}"
        if claim.done:
            return f"would answer task {request.name} again, which has ended"
        if claim.is_free(self._clock.draw().now):
            return f"would be claimed again and run task {request.name}"
        return f"would wait: {claim.place or 'somebody'} works on task {request.name}"

    def _fetch(self, stack_id: str) -> Stack | None:
        """The stack as it is stored; it is put into the draft when it is asked for first.

        Raises:
            CloudSeamError: the store does not answer, or the row cannot be read.
        """
        if stack_id not in self._fetched:
            loaded = self._stored.load([stack_id])
            if stack_id in loaded.failures:
                raise loaded.failures[stack_id]
            stack = self._fetched[stack_id] = loaded.stacks.get(stack_id)
            if stack is not None:
                row = to_row(stack) | {"version": stack.version}
                self._draft.rows[stack_id] = json.dumps(row)
        return self._fetched[stack_id]


class _NoMachines:
    """See `MachineLocator`. Knows none."""

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        raise MachinesUnknownError(
            f"it is not known here where machine '{name}' is. Name its folder: --machines.",
            machine=name,
        )

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return ()


class _KeptVersions:
    """See `MachineVersions`. Those that are kept; it keeps no other."""

    def __init__(self, versions: MachineVersions) -> None:
        self._versions = versions

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        return self._versions.get(name, digest)


def _told(outcome: Outcome) -> tuple[Chance, str]:
    if isinstance(outcome.error, MachinesUnknownError | ServiceUnavailableError):
        return Chance.UNKNOWN, f"cannot tell: {outcome.error}"
    if outcome.error is not None:
        return Chance.REFUSED, f"would be refused again: {reason_of(outcome.error)}"
    if outcome.verdict is Verdict.APPLIED:
        return Chance.WORKS, _move(outcome) + _asks(outcome)
    if outcome.effects or _is_to_tell(outcome):
        return Chance.WORKS, f"comes too late itself{_asks(outcome)}"
    late = outcome.verdict is Verdict.LATE
    return Chance.NO_EFFECT, f"no effect: {'comes too late' if late else 'nothing is due'}"


def _duplicate(outcome: Outcome, body: str, *, is_twin: bool) -> Forecast:
    if is_twin:
        return Forecast(Chance.NO_EFFECT, "no effect: another letter is of the same event", body)
    if outcome.effects or _is_to_tell(outcome):
        return Forecast(Chance.WORKS, f"was applied before{_asks(outcome)}", body)
    return Forecast(Chance.NO_EFFECT, "no effect: was applied before", body)


def _move(outcome: Outcome) -> str:
    before, after = outcome.before, outcome.after
    if after is None:
        return "would be applied"
    if before is None or before.is_removed:
        return f"would start the stack: → {after.state}"
    if after.is_removed:
        return f"would end the stack, which is in state {before.state}"
    if (after.epoch, after.state) != (before.epoch, before.state):
        return f"would move {before.state} → {after.state}"
    return f"would be applied in state {after.state}"


def _asks(outcome: Outcome) -> str:
    asked = ", ".join(outcome.tasks_asked)
    tells = "; tells the bus of its transition" if _is_to_tell(outcome) else ""
    return f"; asks for {asked}{tells}" if asked else tells


def _is_to_tell(outcome: Outcome) -> bool:
    """Whether its stack remembers a transition that the event made, of which a bus is told."""
    event, stack = outcome.event, outcome.after
    return event is not None and stack is not None and bool(stack.transitions_by(event.id))
