"""What must hold of every history, as code: each judges what was seen, and says what is wrong.

The numbers are those of docs/reliability.md.
"""

import json
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from cloudseam.errors import CloudSeamError, MachineNotFoundError
from cloudseam.event import (
    MIGRATE_MACHINE,
    START,
    TASK_COMPLETED,
    TASK_HEARTBEAT,
    TIMER_DUE,
    Event,
)
from cloudseam.given import Given
from cloudseam.messages import parse_event
from cloudseam.persistence.row import to_row
from cloudseam.stack import Stack, TaskStatus, event_mark
from cloudseam.step import Step, Verdict, admit, step
from cloudseam.transition import Notice, Transition
from tests.simulation.deeds import DEEDS, context_of
from tests.simulation.executions import MACHINES
from tests.simulation.machines import BY_DIGEST, VERSIONS
from tests.simulation.record import Ack, Commit, Record
from tests.simulation.sqs import Letter

# Reasons that lie in the event itself and in the stack as it is. A message that is dead-lettered
# for any other reason was a valid one.
REJECTIONS = frozenset(
    {
        "InvalidMessageError",
        "EventNotAllowedFromOutsideError",
        "UnknownTaskError",
        "MigrationRefusedError",
        "TransitionNotAllowedError",
        "StackNotFoundError",
        "MachineMismatchError",
        "MachineNotFoundError",
        "ExecutionExistsError",
    }
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be."""

    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass(frozen=True, slots=True)
class Move:
    """One event of a commit that changed the stack."""

    commit: Commit
    before: Stack | None
    event: Event
    after: Stack
    verdict: Verdict
    transition: Transition | None = None


@dataclass
class Seen:
    """A record, and what follows from it.

    `budget` has the faults that may cost a second run each. `may_lose`: faults may be the reason
    that a valid message is dead-lettered. `has_bus`: others are told of transitions.
    """

    record: Record
    budget: int
    is_quiet: bool
    max_receives: int
    may_lose: bool = True
    has_bus: bool = False

    @cached_property
    def moves(self) -> Mapping[str, list[Move]]:
        """The moves of each stack, replayed from each commit's own row, in order."""
        return {
            stack_id: [move for commit in commits for move in _moves(commit, self.has_bus)]
            for stack_id, commits in self.record.commits.items()
        }

    @cached_property
    def moments(self) -> Mapping[str, list[int]]:
        """When the commits of each stack were seen."""
        return {
            stack_id: [commit.seen for commit in commits]
            for stack_id, commits in self.record.commits.items()
        }

    @cached_property
    def transitions(self) -> Mapping[str, list[Move]]:
        """The moves that each event made, by its id."""
        found: dict[str, list[Move]] = defaultdict(list)
        for moves in self.moves.values():
            for move in moves:
                if move.verdict is Verdict.APPLIED:
                    found[move.event.id].append(move)
        return found

    def state_at(self, stack_id: str, seen: int) -> Stack | None:
        """The stack as it was stored then."""
        moments = self.moments.get(stack_id, [])
        number = bisect_right(moments, seen)
        return self.record.commits[stack_id][number - 1].after if number else None

    def states(self, stack_id: str, began: int, ended: int) -> Iterator[Stack | None]:
        """All that the stack was from one moment to another, inside of commits too."""
        yield self.state_at(stack_id, began)
        moments = self.moments.get(stack_id, [])
        window = range(bisect_left(moments, began), bisect_right(moments, ended))
        versions = {self.record.commits[stack_id][number].seen for number in window}
        for move in self.moves.get(stack_id, ()):
            if move.commit.seen in versions:
                yield move.before
                yield move.after


Invariants = Mapping[tuple[str, str], Callable[[Seen], Iterator[str]]]


def judge(seen: Seen, invariants: Invariants) -> list[Violation]:
    """Everything that is wrong with a history."""
    return [
        Violation(f"{number} {name}", what)
        for (number, name), check in invariants.items()
        for what in check(seen)
    ]


def _moves(commit: Commit, remembers: bool) -> Iterator[Move]:
    stack = commit.before
    for taken in commit.taken:
        try:
            admitted = admit(stack, taken.event, taken.given.now)
            if isinstance(admitted, Verdict):
                continue
            if isinstance(admitted, Step):
                stepped = admitted
            else:
                stepped = step(
                    taken.machine, admitted, taken.event, taken.given, remembers=remembers
                )
        except CloudSeamError:
            continue
        if stepped.stack is not stack:
            yield Move(
                commit, stack, taken.event, stepped.stack, stepped.verdict, stepped.transition
            )
        stack = stepped.stack


def gap_free(seen: Seen) -> Iterator[str]:
    """I1. Each commit follows the one before, and replays to the row that was stored."""
    for stack_id, commits in seen.record.commits.items():
        version = 0
        for commit in commits:
            if commit.before is None and commit.after.machine in MACHINES:
                version = 0  # what it followed has expired
            if commit.written.version != version:
                yield f"{stack_id} version {commit.after.version} follows version {version}"
            version = commit.after.version
            stored = commit.before.version if commit.before else 0
            if commit.written.version != stored or commit.after.version != stored + 1:
                yield f"{stack_id} version {commit.written.version} was written over {stored}"
        last = {id(move.commit): move.after for move in seen.moves[stack_id]}
        for commit in commits:
            replayed = last.get(id(commit))
            if replayed is None or json.dumps(to_row(replayed)) != commit.text:
                yield f"{stack_id} version {commit.after.version} does not replay"


def pinned(seen: Seen) -> Iterator[str]:
    """I1. A life stays on the version of its machine that it began on, until it is moved."""
    for move in _all(seen):
        before = move.before
        if before is None or before.is_removed or move.event.name == MIGRATE_MACHINE:
            continue
        if before.machine_digest and before.machine_digest != move.after.machine_digest:
            yield f"{move.after.id} was moved to {move.after.machine_digest} by {move.event.name}"


def satisfied_first(seen: Seen) -> Iterator[str]:
    """I2. What a completion moves on had each task satisfied by an attempt of this visit."""
    runs = (run for runs in seen.record.runs.values() for run in runs)
    done = {(run.token, run.epoch) for run in runs if run.ended == "done"}
    for stack_id, moves in seen.moves.items():
        if moves and moves[0].after.machine in MACHINES:
            continue  # an execution is one visit
        by_hand: set[tuple[int, str]] = set()
        for move in moves:
            answer, before = move.event.answer, move.before
            if move.event.name != TASK_COMPLETED or answer is None or before is None:
                continue
            task = before.task(answer.task)
            if move.verdict is not Verdict.APPLIED or task is None:
                continue
            if not answer.token:
                by_hand.add((before.epoch, task.name))
            elif answer.token != task.token or (task.token, before.epoch) not in done:
                yield f"{stack_id} took a completion of {task.name} that is not of its attempt"
            if move.after.epoch == before.epoch and not move.after.is_removed:
                continue
            for each in before.tasks:
                is_done = each.status is TaskStatus.SATISFIED or each.name == task.name
                is_ours = (each.token, before.epoch) in done or (before.epoch, each.name) in by_hand
                if not (is_done and is_ours):
                    yield f"{stack_id} moved on from {before.state} without {each.name}"


def once(seen: Seen) -> Iterator[str]:
    """I3. Each event has one transition, or one rejection on record; never two transitions."""
    for event_id, moves in seen.transitions.items():
        # A timer may do two things, each when it is due, and a heartbeat may be told again.
        is_repeatable = all(move.event.name in (TIMER_DUE, TASK_HEARTBEAT) for move in moves)
        if len(moves) > 1 and not is_repeatable:
            yield f"{moves[0].event.name} {event_id} had {len(moves)} transitions"
    first: dict[str, int] = {}
    for move in _all(seen):
        first.setdefault(move.event.id, move.commit.seen)
    letters = {_event_of(letter) for letter in seen.record.letters if not letter.is_of_task}
    judged = {
        ack.event.id: ack.verdict
        for ack in seen.record.acks
        if ack.event is not None and ack.verdict in (Verdict.LATE, Verdict.NOTHING_DUE)
    }
    for sent in seen.record.sent:
        known = sent.event_id in first or sent.event_id in letters
        if not known and sent.event_id not in judged:
            yield f"event {sent.event_id} for {sent.stack_id} left no trace"
    for ack in seen.record.acks:
        if ack.event is None:
            yield f"message {ack.message_id} was acknowledged unread"
            continue
        is_traced = first.get(ack.event.id, ack.seen) < ack.seen
        if ack.verdict in (Verdict.APPLIED, Verdict.DUPLICATE) and not is_traced:
            yield f"{ack.event.name} {ack.event.id} was acknowledged, and left no trace"


def reasoned(seen: Seen) -> Iterator[str]:
    """I3. A dead letter has a reason, unless no function ever got to the end with the message."""
    for letter in seen.record.letters:
        if letter.attributes:
            if not letter.attributes.get("reason"):
                yield f"the dead letter of {letter.message_id} has no reason"
        elif letter.message and any(n >= seen.max_receives for n in letter.message.returned):
            yield f"message {letter.message_id} was dead-lettered by its queue without a reason"


def right(seen: Seen) -> Iterator[str]:
    """Linearizable: a rejection was right at a version that was current while it was judged."""
    for letter in seen.record.letters:
        error = letter.attributes.get("error", "")
        if letter.queue == "events" and error in REJECTIONS and error != "InvalidMessageError":
            event = parse_event(letter.body, letter.message_id)
            states = seen.states(event.stack_id, letter.began, letter.seen)
            if not any(_outcome(state, event) == error for state in states):
                yield f"{event.name} {event.id} was rejected as {error}, which it never was"
    for ack in seen.record.acks:
        if ack.event is not None and ack.verdict == Verdict.LATE and ack.event.is_answer:
            states = seen.states(ack.event.stack_id, ack.began, ack.seen)
            if not any(_outcome(state, ack.event) == Verdict.LATE for state in states):
                yield f"answer {ack.event.id} was called late, which it never was"


def ordered(seen: Seen) -> Iterator[str]:
    """Linearizable: of two events, one settled before the other was sent was committed first."""
    settled: dict[str, int] = {}
    for ack in seen.record.acks:
        if ack.event is not None:
            settled.setdefault(ack.event.id, ack.seen)
    sent: dict[str, int] = {}
    for each in seen.record.sent:
        if not each.is_copy:
            sent.setdefault(each.event_id, each.seen)
    for stack_id, moves in seen.moves.items():
        earliest = 1 << 60
        for move in reversed(moves):
            if move.verdict is not Verdict.APPLIED or move.event.is_timer:
                continue  # one timer may do two things, each when it is due
            if earliest < sent.get(move.event.id, 0):
                yield f"{stack_id} applied {move.event.id} before one that was settled before"
            earliest = min(earliest, settled.get(move.event.id, earliest))


def not_stuck(seen: Seen) -> Iterator[str]:
    """I4. In the end each stack waits for an event, has visibly failed, or is gone."""
    if not seen.is_quiet:
        yield "messages are left that nobody gets done with"
    for stack_id, commits in seen.record.commits.items():
        for task in commits[-1].after.tasks:
            if task.status is TaskStatus.PENDING or task.retry_at:
                yield f"{stack_id} waits for {task.name} ({task.status}) for ever"


def not_back(seen: Seen) -> Iterator[str]:
    """I5. A removed stack comes back by a new event only, never by an old one or an answer."""
    for stack_id, moves in seen.moves.items():
        applied: set[str] = set()
        lives = 0
        for move in moves:
            if move.before is None and move.after.machine in MACHINES:
                applied, lives = set(), 0  # what was there has expired
            was_there = move.before is not None and not move.before.is_removed
            is_new = not was_there and not move.after.is_removed
            if is_new and lives and (move.event.id in applied or move.event.machine is None):
                yield f"{stack_id} was brought back by {move.event.name} {move.event.id}"
            lives += is_new
            if move.verdict is Verdict.APPLIED:
                applied.add(move.event.id)


def claimed(seen: Seen) -> Iterator[str]:
    """I6. Every answer that counted was given under the attempt's claim; no two runs overlap."""
    for move in _all(seen):
        answer = move.event.answer
        if answer is None or not answer.token or move.verdict is not Verdict.APPLIED:
            continue
        if not any(seen.record.answers.get(move.event.id, ())):
            yield f"{move.event.name} of {answer.task} counted, which came from under no claim"
    for runs in seen.record.runs.values():
        for run in runs:
            if run.overlapped:
                yield f"attempt {run.token[:6]} runs in {run.process.name}, {run.overlapped}"
    yield from seen.record.resources


def sent_if_owed(seen: Seen) -> Iterator[str]:
    """I7. A task message is sent if and only if it was owed, and so is a timer."""
    current: dict[str, int] = {}
    for commits in seen.record.commits.values():
        for commit in commits:
            for task in commit.after.tasks:
                if task.status is TaskStatus.PENDING:
                    current.setdefault(task.token, commit.seen)
    for token, moments in seen.record.task_sends.items():
        if token not in current or current[token] > moments[0]:
            yield f"attempt {token[:6]} was asked for, but never committed"
    # Another copy of the message may still be at it when the first is acknowledged.
    last = {ack.event.id: ack for ack in seen.record.acks if ack.event is not None}
    for ack in last.values():
        if ack.event is not None:
            yield from _unsent(seen, ack, ack.event)


def _unsent(seen: Seen, ack: Ack, event: Event) -> Iterator[str]:
    """What an acknowledged event asked for that is still to be done, and was not sent."""
    stack = seen.state_at(event.stack_id, ack.seen)
    mark = event_mark(event.id)
    for task in stack.tasks if stack else ():
        if task.asked_by != mark:
            continue
        sends = seen.record.task_sends.get(task.token)
        if task.status is TaskStatus.PENDING and not (sends and sends[0] < ack.seen):
            yield f"{event.stack_id} {task.name}: {event.name} {event.id} is done, nothing was sent"
        timers = seen.record.timers.get((event.stack_id, task.timer))
        if task.timer and not (timers and timers[0] < ack.seen):
            yield f"{event.stack_id} {task.name}: {event.name} {event.id} is done, no timer was set"


def told_if_made(seen: Seen) -> Iterator[str]:
    """I12. A bus is told of a transition if and only if it was committed, and then of that one."""
    if not seen.has_bus:
        return
    made = {
        notice.id: (move, notice)
        for move in _all(seen)
        if move.transition
        for notice in [Notice(move.after.id, move.event.id, move.transition)]
    }
    for number, told in seen.record.told.items():
        move, notice = made.get(number, (None, None))
        if move is None or told[0].seen < move.commit.seen:
            yield f"{told[0].notice} was told of, but not committed"
        elif any(each.notice != notice for each in told):
            yield f"{notice} was told of as {told[-1].notice}"
    last = {ack.event.id: ack for ack in seen.record.acks if ack.event is not None}
    for number, (move, notice) in made.items():
        ack = last.get(move.event.id)
        told = seen.record.told.get(number, [])
        if ack is not None and not (told and told[0].seen < ack.seen):
            yield f"{move.event.name} {move.event.id} is done, and nobody was told of {notice}"


def counted_once(seen: Seen) -> Iterator[str]:
    """I13. Each completion adds its own actions to the context, and takes nothing out of it."""
    acted = {
        (token, run.acted)
        for token, runs in seen.record.runs.items()
        for run in runs
        if run.ended == "done"
    }
    for stack_id, moves in seen.moves.items():
        given: dict[str, object] = {}
        for move in moves:
            if move.before is None or move.before.is_removed:
                given = {}
            is_told = move.event.name != START or _is_birth(move)
            if is_told and move.verdict is Verdict.APPLIED and "context" in move.event.payload:
                given |= dict(move.event.payload["context"])  # type: ignore[arg-type]  # an object
            completed = _completion(move)
            if completed is None or move.before is None:
                continue
            token, result = completed
            before = context_of(move.before.memory, seen.record.contexts)
            after = context_of(result, seen.record.contexts)
            former, trail = _trail(before), _trail(after)
            added = trail[len(former) :]
            if trail[: len(former)] != former or set(added) - {token[:8]}:
                yield f"{stack_id} has the trail {added} after {former} by {token[:8]}"
            elif (token, len(added)) not in acted:
                yield f"{stack_id} has {len(added)} actions of {token[:8]}, which ran others"
            if not given.items() <= after.items():
                lost = sorted(given.keys() - after.keys())
                yield f"{stack_id} has lost {', '.join(lost)} of its context"
            steps = move.before.memory["steps"] + 1
            if not move.after.is_removed and move.after.memory["steps"] != steps:
                yield f"{stack_id} is not at its step {steps}"


def started_if_committed(seen: Seen) -> Iterator[str]:
    """I14. What an invocation started is started if and only if that was committed, and once."""
    committed: dict[str, Move] = {}
    for move in _all(seen):
        completed = _completion(move)
        for start in completed[1].get("starts", []) if completed else []:
            committed[start["stackId"]] = move
    letters = {_event_of(letter) for letter in seen.record.letters if not letter.is_of_task}
    for child, moments in seen.record.starts.items():
        if child not in committed or moments[0] < committed[child].commit.seen:
            yield f"{child} was started, which was not committed"
    for child, move in committed.items():
        if {move.event.id, f"start/{child}"} & letters:
            continue
        lives = [each for each in seen.moves.get(child, ()) if _is_birth(each)]
        if len(lives) != 1:
            yield f"{child} had {len(lives)} lives"


def lettered(seen: Seen) -> Iterator[str]:
    """I15. Whatever was given up has a dead letter that says so, and nothing else has."""
    last = {ack.event.id: ack for ack in seen.record.acks if ack.event is not None}
    letters = [letter for letter in seen.record.letters if letter.is_of_task]
    unread = {_event_of(letter) for letter in seen.record.letters if not letter.is_of_task}
    told = [(json.loads(letter.body)["stackId"], letter.seen) for letter in letters]
    gave_up: dict[str, list[int]] = defaultdict(list)
    for stack_id, moves in seen.moves.items():
        for move in moves:
            if not _gives_up(move):
                continue
            gave_up[stack_id].append(move.commit.seen)
            ack = last.get(move.event.id)
            until = ack.seen if ack else 1 << 60
            stands = seen.state_at(stack_id, until)
            if stands is None or not _given_up(stands) & _given_up(move.after):
                continue
            found = any(of == stack_id and move.commit.seen < at < until for of, at in told)
            if not found and move.event.id not in unread:
                yield f"{stack_id} was given up by {move.event.name}, and there is no letter"
    for stack_id, at in told:
        if not any(moment < at for moment in gave_up[stack_id]):
            yield f"{stack_id} has a letter, and was not given up"


def fenced(seen: Seen) -> Iterator[str]:
    """I16. Of each stack the fence token grows from attempt to attempt."""
    for stack_id, commits in seen.record.commits.items():
        fences: dict[str, int] = {}
        for commit in commits:
            for task in commit.after.tasks:
                for run in seen.record.runs.get(task.token, ()):
                    fences.setdefault(task.token, run.fence)
                    if fences[task.token] != run.fence:
                        yield f"{stack_id} has two fence tokens in one attempt"
        told = [fence for fence in fences.values() if fence]
        if any(latter <= former for former, latter in pairwise(told)):
            yield f"{stack_id} had the fence tokens {told}"


def _completion(move: Move) -> tuple[str, Mapping[str, Any]] | None:
    """Token and result of the invocation that this event completed, if it did."""
    answer = move.event.answer
    if move.after.machine not in DEEDS:
        return None
    if move.verdict is not Verdict.APPLIED or move.event.name != TASK_COMPLETED or answer is None:
        return None
    return (answer.token, answer.result) if answer.result is not None else None


def _trail(context: Mapping[str, Any]) -> list[str]:
    return list(context.get("trail", []))


def _is_birth(move: Move) -> bool:
    was_there = move.before is not None and not move.before.is_removed
    return not was_there and not (move.after.is_removed and move.before is not None)


def _gives_up(move: Move) -> bool:
    before = _given_up(move.before) if move.before else set()
    machine = VERSIONS[move.after.machine][0]
    return machine.dead_letters_failures and bool(_given_up(move.after) - before)


def _given_up(stack: Stack) -> set[str]:
    """The attempts that were given up, other than by a person."""
    return {task.token for task in stack.tasks if task.is_given_up and task.asked_by}


def merged(seen: Seen) -> Iterator[str]:
    """I8. Of every event that was applied its own metadata key is there, as long as its life."""
    for stack_id, moves in seen.moves.items():
        keys: dict[str, object] = {}
        for move in moves:
            if move.before is None or move.before.is_removed:
                keys = {}
            if move.verdict is Verdict.APPLIED:
                keys |= move.event.metadata
            if not move.after.is_removed and not keys.items() <= move.after.metadata.items():
                lost = sorted(keys.keys() - move.after.metadata.keys())
                yield f"{stack_id} version {move.commit.after.version} has lost {', '.join(lost)}"
                break


def run_once(seen: Seen) -> Iterator[str]:
    """A task is run twice only where a crash or the like made it necessary, once for each."""
    again = Counter({token: len(runs) - 1 for token, runs in seen.record.runs.items()})
    if again.total() > seen.budget:
        told = ", ".join(f"{token[:6]} {n}" for token, n in again.most_common(3))
        yield f"{again.total()} runs too many ({told}), and {seen.budget} faults that explain one"


def not_lost(seen: Seen) -> Iterator[str]:
    """A valid message is dead-lettered only where a crash, an outage or the like is the reason."""
    for letter in valid_letters(seen.record):
        if not seen.may_lose:
            told = letter.attributes.get("reason") or "no reason"
            yield f"message {letter.message_id} was dead-lettered for {told[:120]}"


def valid_letters(record: Record) -> list[Letter]:
    """Valid messages that were dead-lettered: for a reason that does not lie in them."""
    return [
        each
        for each in record.letters
        if each.attributes.get("error") not in REJECTIONS and not each.is_of_task
    ]


def _all(seen: Seen) -> Iterator[Move]:
    for moves in seen.moves.values():
        yield from moves


def _event_of(letter: Letter) -> str:
    try:
        return parse_event(letter.body, letter.message_id).id
    except CloudSeamError:
        return letter.message_id


def _outcome(stack: Stack | None, event: Event) -> str:
    """How an event would have been judged; the machine is the stack's own, or any of the name."""
    given = Given(0, bytes(32))
    try:
        admitted = admit(stack, event, 0)
        if isinstance(admitted, Verdict):
            return admitted
        if isinstance(admitted, Step):
            return admitted.verdict
        if admitted.machine not in VERSIONS:
            return MachineNotFoundError.__name__
        known = BY_DIGEST.get(admitted.machine_digest)
        machine = known or VERSIONS[admitted.machine][0]
        if event.name == MIGRATE_MACHINE:
            return _migrated(admitted, event)
        return step(machine, admitted, event, given).verdict
    except CloudSeamError as error:
        return type(error).__name__


def _migrated(stack: Stack, event: Event) -> str:
    """Refused by one of the versions is refused: which file was there is not looked at."""
    for machine in VERSIONS[stack.machine]:
        try:
            step(machine, stack, event, Given(0, bytes(32)))
        except CloudSeamError as error:
            return type(error).__name__
    return Verdict.APPLIED


INVARIANTS: Invariants = {
    ("I1", "commits are gap-free and replay"): gap_free,
    ("I1", "a life stays on its machine's version"): pinned,
    ("I2", "no advance without satisfied tasks"): satisfied_first,
    ("I3", "one transition or one rejection"): once,
    ("I3", "every dead letter has a reason"): reasoned,
    ("I4", "nothing is stuck"): not_stuck,
    ("I5", "no resurrection"): not_back,
    ("I6", "nothing counts without its claim"): claimed,
    ("I7", "sent if and only if owed"): sent_if_owed,
    ("I8", "no merge is lost"): merged,
    ("I9", "rejections are right"): right,
    ("I9", "order respects real time"): ordered,
    ("I10", "no task runs twice without need"): run_once,
    ("I11", "no valid message is dead-lettered without need"): not_lost,
    ("I12", "told of if and only if committed"): told_if_made,
    ("I13", "each transition counts once"): counted_once,
    ("I14", "started if and only if committed"): started_if_committed,
    ("I15", "given up with a letter"): lettered,
    ("I16", "fence tokens grow"): fenced,
}
