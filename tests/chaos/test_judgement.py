"""The judgement finds what it is there to find: a good run, and then one thing wrong with it."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cloudseam.history import Entry
from cloudseam.stack import Task, TaskStatus
from tests.builders import a_stack
from tests.chaos.evidence import Evidence, Letter, Start
from tests.chaos.fleet import Life
from tests.chaos.judgement import violations
from tests.chaos.workload import Sent

MACHINE = Path(__file__).parent / "machines" / "life.yml"

HISTORY = [
    Entry(1, "LAUNCH", "PROVISION"),
    Entry(2, "TASK_COMPLETED", "PROVISION", "network"),
    Entry(3, "NOTE", "PROVISION"),
    Entry(4, "TASK_COMPLETED", "PROVISION", "network", "LATE"),
    Entry(5, "TASK_COMPLETED", "RUN", "app"),
    Entry(6, "UPDATE", "UPDATE"),
    Entry(7, "TASK_ERROR", "UPDATE", "check"),
    Entry(8, "TASK_COMPLETED", "UPDATE", "app"),
    Entry(9, "TIMER_DUE", "UPDATE"),
    Entry(10, "TASK_ERROR", "UPDATE", "check"),
    Entry(11, "RETRY_FAILED_TASKS", "UPDATE"),
    Entry(12, "TASK_COMPLETED", "RUN", "check"),
    Entry(13, "DESTROY", "TEARDOWN"),
    Entry(14, "TASK_COMPLETED", "REMOVED", "remove"),
    Entry(15, "LAUNCH", "PROVISION"),
    Entry(16, "AGAIN", "PROVISION"),
    Entry(17, "TASK_COMPLETED", "PROVISION", "app"),
    Entry(18, "TASK_COMPLETED", "RUN", "network"),
    Entry(19, "NOTE", "RUN"),
]
FIRST_LIFE, SECOND_LIFE = ["launch", "note", "update", "destroy"], ["launch2", "again", "note2"]
NAMES = ["LAUNCH", "NOTE", "UPDATE", "DESTROY", "LAUNCH", "AGAIN", "NOTE"]
ATTEMPT = ("s", 1, 1, "app")


def a_life(killed_at: float | None = None) -> Life:
    nobody: subprocess.Popen[bytes] = subprocess.Popen.__new__(subprocess.Popen)
    return Life("task_satisfier", Path("000.log"), nobody, killed_at)


def a_good_run() -> Evidence:
    """Two lives of one stack; a refused event; a run of a task whose worker was killed."""
    ids = zip(FIRST_LIFE + SECOND_LIFE, NAMES, strict=True)
    dead = a_life(killed_at=10)
    return Evidence(
        machine=MACHINE,
        sent=[
            *(Sent(event_id, "s", name) for event_id, name in ids),
            Sent("repair", "s", "RETRY_FAILED_TASKS"),
            Sent("refused", "s", "UPDATE"),
            Sent("twice", "s", "NEXT", copies=2),
        ],
        stacks={"s": a_stack("RUN", id="s", epoch=9, metadata=dict.fromkeys(SECOND_LIFE, 1))},
        history={"s": HISTORY},
        letters=[
            Letter("refused", "m1", "TransitionNotAllowedError"),
            Letter("refused", "m1", "TransitionNotAllowedError"),
            Letter("twice", "m2", "EventNotAllowedFromOutsideError"),
            Letter("twice", "m3", "EventNotAllowedFromOutsideError"),
        ],
        task_letters=0,
        starts=[Start(ATTEMPT, 9, dead), Start(ATTEMPT, 20, a_life(), ended_at=21)],
        invocations=[{"stack": "s", "task": "app"}] * 2,
        applied_lines={"launch": 1},
        handled_again={},
        crashes=[],
        left={"EVENT_QUEUE": 0, "TASK_QUEUE": 0},
        farewells={"s": frozenset({frozenset(FIRST_LIFE)})},
    )


def test_a_run_that_went_well_has_no_violations() -> None:
    assert violations(a_good_run()) == []


def entries(*changes: tuple[int, Entry | None]) -> dict[str, list[Entry]]:
    """The history with some of its entries replaced or left out."""
    told = dict(changes)
    kept = [told.get(number, entry) for number, entry in enumerate(HISTORY)]
    return {"s": [entry for entry in kept if entry is not None]}


WRONG: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "an event is lost": (
        lambda run: replace(run, sent=[*run.sent, Sent("gone", "s", "NOTE")]),
        "NOTE gone was lost",
    ),
    "a metadata key is lost": (
        lambda run: replace(run, stacks={"s": replace(run.stacks["s"], metadata={"again": 1})}),
        "NOTE note2 was lost",
    ),
    "an event is applied and rejected": (
        lambda run: replace(run, letters=[*run.letters, Letter("note", "m9", "X")]),
        "NOTE note was applied and rejected as well",
    ),
    "an event is applied in two lives": (
        lambda run: replace(run, farewells={"s": frozenset({frozenset([*FIRST_LIFE, "note2"])})}),
        "NOTE note2 was applied 2 times",
    ),
    "an event is applied twice in one life": (
        lambda run: replace(run, history={"s": [*HISTORY, Entry(20, "NOTE", "RUN")]}),
        "NOTE was applied 2 times, and the history has 3 of it",
    ),
    "the log has an event twice": (
        lambda run: replace(run, applied_lines={"note": 2}),
        "NOTE note was applied 2 times",
    ),
    "what is never allowed is applied": (
        lambda run: replace(
            run,
            letters=run.letters[:2],
            farewells={"s": frozenset({frozenset([*FIRST_LIFE, "twice"])})},
        ),
        "NEXT twice was applied",
    ),
    "a message is rejected more often than it was sent": (
        lambda run: replace(run, letters=[*run.letters, Letter("refused", "m8", "X")]),
        "UPDATE refused was applied 0 times and rejected 2 times",
    ),
    "a dead letter is of nobody": (
        lambda run: replace(run, letters=[*run.letters, Letter("whose", "m8", "X")]),
        "a message that nobody sent",
    ),
    "a state is left before its tasks are done": (
        lambda run: replace(run, history=entries((17, None))),
        "NOTE led to RUN, not to PROVISION",
    ),
    "an answer counts that nobody waited for": (
        lambda run: replace(run, history=entries((3, replace(HISTORY[3], verdict="")))),
        "an answer of network was applied, which is SATISFIED",
    ),
    "a timer comes out of nothing": (
        lambda run: replace(run, history=entries((18, Entry(19, "TIMER_DUE", "RUN")))),
        "a timer came, and no task was to be tried again",
    ),
    "a late answer moves the stack": (
        lambda run: replace(run, history=entries((3, replace(HISTORY[3], state="RUN")))),
        "TASK_COMPLETED led to RUN, not to PROVISION",
    ),
    "a removed stack is back": (
        lambda run: replace(run, history=entries((14, Entry(15, "NOTE", "INIT")))),
        "NOTE was applied in INIT",
    ),
    "the stack is not where its history leads": (
        lambda run: replace(run, stacks={"s": replace(run.stacks["s"], epoch=8)}),
        "is in RUN 8",
    ),
    "a task is pending": (
        lambda run: replace(
            run, stacks={"s": replace(run.stacks["s"], tasks=(Task("app", TaskStatus.PENDING),))}
        ),
        "task app is PENDING and nobody works on it",
    ),
    "a message is left": (
        lambda run: replace(run, left={"TASK_QUEUE": 1}),
        "TASK_QUEUE: 1 messages are left",
    ),
    "a task message is dead-lettered": (
        lambda run: replace(run, task_letters=1),
        "1 task messages were dead-lettered",
    ),
    "a process has a traceback": (
        lambda run: replace(run, crashes=["000.log"]),
        "000.log has a traceback",
    ),
    "a task runs twice, and nobody was killed": (
        lambda run: replace(
            run, starts=[Start(ATTEMPT, 9, a_life()), Start(ATTEMPT, 20, a_life())]
        ),
        "ran in",
    ),
    "it runs again before its worker is killed": (
        lambda run: replace(
            run, starts=[replace(run.starts[0], at=1), Start(ATTEMPT, 9, a_life())]
        ),
        "ran in",
    ),
    "it runs again though it had ended long before the kill": (
        lambda run: replace(run, starts=[replace(run.starts[0], ended_at=5), run.starts[1]]),
        "ran in",
    ),
    "a function is invoked without a run": (
        lambda run: replace(run, invocations=[*run.invocations, *run.invocations]),
        "was invoked 4 times",
    ),
}


@pytest.mark.parametrize(("spoil", "complaint"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_that_is_wrong_is_found(
    spoil: Callable[[Evidence], Evidence], complaint: str
) -> None:
    found = violations(spoil(a_good_run()))

    assert any(complaint in violation for violation in found), found
