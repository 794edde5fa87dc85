"""Whether what can be seen of a run from outside is as it should be."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from cloudseam.event import NEXT, RETRY_FAILED_TASKS
from cloudseam.stack import TaskStatus
from tests.chaos.evidence import Evidence, Start
from tests.chaos.replay import Replay
from tests.chaos.workload import Sent

# A process that is killed so soon after it noted the end of a task may not have taken the task's
# message off the queue, in seconds.
NOT_YET_DELETED = 1.0
# Clocks of log lines and kills, in seconds.
TOLERANCE = 0.05


def violations(evidence: Evidence) -> list[str]:
    """All that is wrong; empty if the run kept every promise."""
    found = [
        *_unsettled(evidence),
        *_events(evidence),
        *_lives(evidence),
        *_runs(evidence),
        *(f"{log} has a traceback" for log in evidence.crashes),
    ]
    return sorted(found)


def applied_times(evidence: Evidence, event: Sent) -> int:
    """How many lives of its stack have the event's key in their metadata."""
    stack = evidence.stacks.get(event.stack_id)
    now = int(stack is not None and event.id in stack.metadata)
    farewells = evidence.farewells.get(event.stack_id, frozenset())
    ending = stack is not None and stack.state == "TEARDOWN"
    return sum(event.id in keys for keys in farewells) + (0 if ending else now)


def duplicates(evidence: Evidence) -> list[tuple[Start, Start]]:
    """Each run of an attempt that had been run before, with the run before it."""
    runs: dict[tuple[str, int, int, str], list[Start]] = defaultdict(list)
    for start in sorted(evidence.starts, key=lambda start: start.at):
        runs[start.attempt].append(start)
    return [pair for starts in runs.values() for pair in pairwise(starts)]


def _unsettled(evidence: Evidence) -> Iterator[str]:
    """Nothing is under way any more, and nothing was given up."""
    for queue, number in evidence.left.items():
        if number:
            yield f"{queue}: {number} messages are left"
    if evidence.task_letters:
        yield f"{evidence.task_letters} task messages were dead-lettered"
    for stack in evidence.stacks.values():
        for task in stack.tasks:
            if task.status is not TaskStatus.SATISFIED:
                yield f"{stack.id}: task {task.name} is {task.status} and nobody works on it"


def _events(evidence: Evidence) -> Iterator[str]:
    """Each event was applied once or rejected once."""
    rejected = _rejections(evidence)
    for event in evidence.sent:
        applied, refused = applied_times(evidence, event), rejected[event.id]
        told = f"{event.stack_id}: {event.name} {event.id}"
        if evidence.applied_lines.get(event.id, 0) > 1:
            yield f"{told} was applied {evidence.applied_lines[event.id]} times"
        if event.name == RETRY_FAILED_TASKS:
            continue  # what a removed life had of these is only counted
        if applied > 1 or refused > event.copies:
            yield f"{told} was applied {applied} times and rejected {refused} times"
        elif applied + refused == 0:
            yield f"{told} was lost"
        elif event.copies == 1 and applied and refused:
            yield f"{told} was applied and rejected as well"
        elif event.name == NEXT and applied:
            yield f"{told} was applied"
    for letter in evidence.letters:
        if letter.event_id not in {event.id for event in evidence.sent}:
            yield f"a message that nobody sent was dead-lettered: {letter}"


def _rejections(evidence: Evidence) -> Counter[str]:
    letters = {(letter.event_id, letter.message_id) for letter in evidence.letters}
    return Counter(event_id for event_id, _ in letters)


def _lives(evidence: Evidence) -> Iterator[str]:
    """Each stack is where its history leads, and its history has what was applied."""
    rejected = _rejections(evidence)
    for stack_id, stack in evidence.stacks.items():
        entries = evidence.history[stack_id]
        replay = Replay(evidence.machine, stack_id)
        replay.follow(entries)
        replay.compare(stack)
        yield from replay.complaints
        events = [event for event in evidence.sent if event.stack_id == stack_id]
        should: Counter[str] = Counter()
        for event in events:
            is_repair = event.name == RETRY_FAILED_TASKS
            applied = not rejected[event.id] if is_repair else applied_times(evidence, event)
            should[event.name] += int(applied)
        for name, number in should.items():
            if replay.applied[name] != number:
                yield (
                    f"{stack_id}: {name} was applied {number} times, and the history has "
                    f"{replay.applied[name]} of it"
                )


def _runs(evidence: Evidence) -> Iterator[str]:
    """A task runs again only where the process that ran it was killed."""
    for former, again in duplicates(evidence):
        if not _is_excused(former, again):
            yield f"{former.attempt} ran in {former.life.log.name} and {again.life.log.name}"
    started = Counter((start.attempt[0], start.attempt[3]) for start in evidence.starts)
    invoked = Counter((line["stack"], line["task"]) for line in evidence.invocations)
    for what, number in invoked.items():
        if number > started[what]:
            yield f"{what} was invoked {number} times, and started {started[what]} times"


def _is_excused(former: Start, again: Start) -> bool:
    killed = former.life.killed_at
    if killed is None or killed > again.at + TOLERANCE:
        return False
    return former.ended_at is None or former.ended_at > killed - NOT_YET_DELETED
