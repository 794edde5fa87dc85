"""One event, one step: for whom it is, whether it is new, and what is owed because of it."""

from dataclasses import replace

import pytest

from cloudseam.errors import MachineMismatchError, StackNotFoundError, TaskTokenMissingError
from cloudseam.event import RETRY_FAILED_TASKS, RETRY_PENDING_TASKS, TIMER_DUE, Event
from cloudseam.persistence.row import from_row, to_row
from cloudseam.stack import APPLIED_EVENTS_KEPT, Stack, event_mark
from cloudseam.step import Step, Verdict, admit, refuse_without_token, step
from tests.builders import (
    NOW,
    a_completion,
    a_failure,
    a_machine,
    a_stack,
    a_state,
    after,
    an_event,
    given,
    statuses,
    token_of,
)

MACHINE = a_machine()
LAUNCH = an_event("LAUNCH", id="launch-1", machine="life")


def removed() -> Stack:
    """What is left of a stack that was launched by LAUNCH and dropped."""
    stack = Stack.new("s", "life", NOW)
    stack = after(stack, an_event("START", id="launch-1"), an_event("DROP", id="drop-1"))
    assert stack.is_removed
    return replace(stack, version=2)


# ---- admit


def test_an_event_of_a_stack_that_is_there_is_for_that_stack() -> None:
    stack = a_stack("RUN")

    assert admit(stack, an_event("PING", machine="another"), NOW) is stack


def test_an_event_with_a_machine_starts_a_new_stack_in_init() -> None:
    stack = admit(None, LAUNCH, NOW)

    assert stack == Stack(id="s", machine="life", state="INIT", created_at=NOW, updated_at=NOW)


TOMBSTONE = removed()


@pytest.mark.parametrize("stored", [None, TOMBSTONE], ids=["never-there", "removed"])
@pytest.mark.parametrize(
    "event",
    [
        pytest.param(an_event("PING"), id="no-machine"),
        pytest.param(an_event(RETRY_FAILED_TASKS), id="retry-failed"),
        pytest.param(an_event(RETRY_FAILED_TASKS, machine="life"), id="retry-failed-with-machine"),
        pytest.param(an_event(RETRY_PENDING_TASKS, machine="life"), id="retry-pending"),
    ],
)
def test_an_event_that_starts_no_stack_is_rejected_where_there_is_none(
    stored: Stack | None, event: Event
) -> None:
    with pytest.raises(StackNotFoundError):
        admit(stored, event, NOW)


@pytest.mark.parametrize("stored", [None, TOMBSTONE], ids=["never-there", "removed"])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(a_completion("net", "token"), id="completed"),
        pytest.param(a_failure("net", "token"), id="failed"),
        pytest.param(a_completion("net"), id="completed-from-outside"),
        pytest.param(replace(a_completion("net"), machine="life"), id="completed-with-machine"),
    ],
)
def test_an_answer_never_creates_a_stack_and_is_only_late(
    stored: Stack | None, answer: Event
) -> None:
    late = admit(stored, answer, NOW)

    assert (late.verdict if isinstance(late, Step) else late) is Verdict.LATE


def test_an_answer_without_a_token_is_remembered_by_a_stack_that_is_gone() -> None:
    answer = a_failure("net", id="by-hand")

    late = admit(TOMBSTONE, answer, NOW)

    assert isinstance(late, Step)
    assert late.stack.is_removed
    assert admit(late.stack, answer, NOW) is Verdict.DUPLICATE
    reborn = admit(late.stack, an_event("LAUNCH", machine="life"), NOW)
    assert isinstance(reborn, Stack)
    assert step(MACHINE, reborn, answer, given()).verdict is Verdict.DUPLICATE


@pytest.mark.parametrize("event_id", ["launch-1", "drop-1"])
def test_a_late_duplicate_does_not_bring_a_removed_stack_back(event_id: str) -> None:
    late = an_event("LAUNCH", id=event_id, machine="life")

    assert admit(TOMBSTONE, late, NOW) is Verdict.DUPLICATE


def test_a_new_launch_may_start_a_removed_stack_again_and_counting_goes_on() -> None:
    again = admit(TOMBSTONE, an_event("LAUNCH", machine="other"), NOW + 5)

    assert isinstance(again, Stack)
    assert (again.state, again.machine, again.metadata, again.is_removed) == (
        "INIT",
        "other",
        {},
        False,
    )
    assert again.version == TOMBSTONE.version
    assert again.epoch > TOMBSTONE.epoch
    assert again.applied == TOMBSTONE.applied
    assert (again.created_at, again.updated_at) == (NOW + 5, NOW + 5)


def test_an_answer_of_the_life_before_does_not_count_in_the_next() -> None:
    first = after(Stack.new("s", "life", NOW), LAUNCH)
    old = token_of(first, "net")
    leaving = after(first, an_event("DESTROY"))
    gone = after(leaving, a_completion("net-down", token_of(leaving, "net-down")))
    new = admit(gone, launch := an_event("LAUNCH", machine="life"), NOW)
    assert isinstance(new, Stack)
    second = step(MACHINE, new, launch, given(77)).stack

    taken = step(MACHINE, second, a_completion("net", old), given(78))

    assert taken.verdict is Verdict.LATE
    assert statuses(taken.stack) == {"net": "PENDING", "db": "PENDING"}


# ---- whose machine


def test_an_event_that_names_another_machine_is_refused_and_says_which() -> None:
    with pytest.raises(MachineMismatchError, match=r"'other'.*'life'") as raised:
        step(MACHINE, a_stack("RUN"), an_event("PING", machine="other"), given())

    assert (raised.value.machine, raised.value.event) == ("life", "PING")


@pytest.mark.parametrize("machine", [None, "life"], ids=["left-out", "repeated"])
def test_an_event_may_leave_the_machine_out_or_repeat_it(machine: str | None) -> None:
    event = an_event("PING", machine=machine)

    assert step(MACHINE, a_stack("RUN"), event, given()).verdict is Verdict.APPLIED


def test_a_late_launch_of_an_earlier_life_is_a_duplicate_even_on_another_machine() -> None:
    stack = a_stack("RUN").with_applied("launch-1", NOW)

    taken = step(MACHINE, stack, an_event("LAUNCH", id="launch-1", machine="old"), given())

    assert taken.verdict is Verdict.DUPLICATE


# ---- duplicates


def test_an_applied_event_is_a_duplicate_and_changes_nothing() -> None:
    event = an_event("PING", metadata={"a": 1})
    stack = after(a_stack("RUN"), event)

    taken = step(MACHINE, stack, event, given(9))

    assert (taken.verdict, taken.effects) == (Verdict.DUPLICATE, ())
    assert taken.stack is stack


def test_a_rejected_event_is_not_remembered_so_it_may_apply_later() -> None:
    stack = a_stack("INIT")
    early = an_event("UPDATE")
    with pytest.raises(Exception, match="UPDATE"):
        step(MACHINE, stack, early, given())

    assert after(stack, an_event("START"), early).state == "UPDATE"


def test_a_duplicate_is_owed_the_tasks_that_nobody_has_answered() -> None:
    stack = after(Stack.new("s", "life", NOW), LAUNCH)
    half = after(stack, a_completion("net", token_of(stack, "net")))

    first, again = (step(MACHINE, found, LAUNCH, given(9)) for found in (stack, half))

    assert [effect.task.name for effect in first.effects] == ["net", "db"]
    assert [effect.task.name for effect in again.effects] == ["db"]
    assert again.effects[0].token == token_of(stack, "db")


@pytest.mark.parametrize("token", ["with-token", "from-outside"])
def test_a_completion_again_is_owed_the_tasks_of_the_state_it_led_to(token: str) -> None:
    machine = a_machine()
    stack = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"})
    done = a_completion("db", "token-of-db" if token == "with-token" else "")
    # From PROVISION the completion leads to RUN; RUN gets tasks of its own for this test.
    run = replace(machine.definition.states["RUN"], tasks=("smoke",))
    states = {**machine.definition.states, "RUN": run}
    machine = replace(machine, definition=replace(machine.definition, states=states))
    advanced = step(machine, stack, done, given())

    again = step(machine, advanced.stack, done, given(9))

    assert again.stack is advanced.stack
    assert again.verdict is (Verdict.LATE if token == "with-token" else Verdict.DUPLICATE)
    assert [effect.token for effect in again.effects] == [
        effect.token for effect in advanced.effects
    ]


def test_an_older_duplicate_is_owed_nothing_that_a_later_event_asked_for() -> None:
    stack = after(Stack.new("s", "life", NOW), LAUNCH, an_event(RETRY_PENDING_TASKS, id="retry"))

    assert step(MACHINE, stack, LAUNCH, given(9)).effects == ()
    retry = step(MACHINE, stack, an_event(RETRY_PENDING_TASKS, id="retry"), given(9))
    assert [effect.attempt for effect in retry.effects] == [2, 2]


# ---- what is remembered


def test_outside_events_are_remembered_newest_last_all_of_the_last_hour() -> None:
    events = [an_event("PING", id=f"id-{n}") for n in range(APPLIED_EVENTS_KEPT + 6)]

    stack = after(a_stack("RUN"), *events)

    assert APPLIED_EVENTS_KEPT == 64
    assert stack.applied == tuple(event_mark(f"id-{n}") for n in range(70))
    assert all(len(mark) == 8 for mark in stack.applied)


def test_a_token_makes_remembering_the_answers_id_needless() -> None:
    stack = a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"})

    fenced = after(stack, a_completion("net", "token-of-net"))
    outside = after(stack, a_completion("net", id="by-hand"))

    assert fenced.applied == ()
    assert outside.applied == (event_mark("by-hand"),)


def test_a_step_records_its_time_and_the_definition_it_followed() -> None:
    stack = a_stack("RUN", machine_digest="older")

    taken = step(MACHINE, stack, an_event("PING"), given(42))

    assert (taken.stack.updated_at, taken.stack.created_at) == (NOW + 42, NOW)
    assert taken.stack.machine_digest == MACHINE.digest


def test_a_step_leaves_the_version_to_the_commit() -> None:
    assert after(a_stack("RUN", version=5), an_event("UPDATE")).version == 5


def test_a_late_answer_is_noted_once_and_touches_nothing_else() -> None:
    stack = a_stack("RUN")
    late = a_completion("net", "old")

    once = step(MACHINE, stack, late, given(42)).stack

    assert once == replace(stack, history=once.history)
    assert noted(once) == [("TASK_COMPLETED", "RUN", "net", "LATE")]
    assert step(MACHINE, once, late, given(43)).stack is once


def noted(stack: Stack) -> list[tuple[str, str, str, str]]:
    """Event, state, task and verdict of each entry of the history."""
    return [(entry.event, entry.state, entry.task, entry.verdict) for entry in stack.history]


def test_what_is_applied_is_noted_with_the_state_after_it() -> None:
    stack = after(a_stack("INIT", epoch=0), an_event("LAUNCH"))

    left = after(
        stack,
        an_event("PING"),
        a_failure("net", token_of(stack, "net")),
        a_completion("net", token_of(stack, "net")),
        a_completion("db", token_of(stack, "db")),
        an_event("DROP"),
    )

    assert noted(left) == [
        ("LAUNCH", "PROVISION", "", ""),
        ("PING", "PROVISION", "", ""),
        ("TASK_ERROR", "PROVISION", "net", ""),
        ("TASK_COMPLETED", "PROVISION", "net", ""),
        ("TASK_COMPLETED", "RUN", "db", ""),
        ("DROP", "REMOVED", "", ""),
    ]


def test_each_entry_has_its_time_and_the_commit_that_is_being_made() -> None:
    stack = after(a_stack("RUN", version=5), an_event("PING"), an_event("PING"))

    assert [(entry.at, entry.version) for entry in stack.history] == [
        (NOW + 100, 6),
        (NOW + 101, 6),
    ]
    assert stack.fresh_history == stack.history
    assert replace(stack, version=6).fresh_history == ()


def test_what_has_no_effect_for_another_reason_is_not_noted() -> None:
    ping = an_event("PING")
    stack = after(a_stack("RUN"), ping)

    for event in (ping, an_event(TIMER_DUE)):
        assert step(MACHINE, stack, event, given(9)).stack is stack


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(a_completion("db", "token-of-db", id="done"), id="redelivered"),
        pytest.param(a_completion("db", "token-of-db"), id="told-anew"),
    ],
)
def test_an_answer_of_a_task_that_is_done_is_late_but_not_worth_a_note(again: Event) -> None:
    stack = a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"})
    stack = after(stack, a_completion("db", "token-of-db", id="done"))

    taken = step(MACHINE, stack, again, given(9))

    assert (taken.verdict, taken.stack) == (Verdict.LATE, stack)


def test_the_completion_that_led_to_the_present_tasks_is_not_noted_again() -> None:
    machine = a_machine(
        a_state("INIT", tasks=("a",), on={"NEXT": "NEXT-ONE"}),
        a_state("NEXT-ONE", tasks=("b",), on={"NEXT": "INIT"}),
    )
    done = a_completion("a", "token-of-a")
    stack = step(machine, a_stack("INIT", tasks={"a": "PENDING"}), done, given()).stack

    again = step(machine, stack, done, given(9))

    assert (again.verdict, again.stack) == (Verdict.LATE, stack)


def test_late_answers_of_different_tasks_are_noted_each() -> None:
    late = [a_completion("net", "old"), a_failure("net", "old"), a_completion("db", "old")]

    stack = after(a_stack("RUN"), *late, late[-1])

    assert noted(stack) == [
        ("TASK_COMPLETED", "RUN", "net", "LATE"),
        ("TASK_ERROR", "RUN", "net", "LATE"),
        ("TASK_COMPLETED", "RUN", "db", "LATE"),
    ]


def test_a_late_answer_is_noted_anew_after_something_else_happened() -> None:
    late = a_completion("net", "old")

    stack = after(a_stack("RUN"), late, an_event("PING"), late)

    assert [verdict for *_, verdict in noted(stack)] == ["LATE", "", "LATE"]


def test_a_note_that_was_stored_is_known_when_the_answer_comes_again() -> None:
    late = a_completion("net", "old")
    stack = from_row(to_row(after(a_stack("RUN"), late)))

    assert step(MACHINE, stack, late, given(9)).stack is stack


# ---- answers without a token


@pytest.mark.parametrize("answer", [a_completion("net"), a_failure("net")], ids=["done", "failed"])
def test_an_answer_without_a_token_is_refused_where_one_is_required(answer: Event) -> None:
    with pytest.raises(TaskTokenMissingError, match=r"'net'.*'s'.*Echo `task` whole") as raised:
        refuse_without_token(answer)

    assert (raised.value.stack_id, raised.value.event) == ("s", answer.name)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(a_completion("net", "any"), id="an-answer-with-a-token"),
        pytest.param(an_event("PING"), id="an-event-of-the-machine"),
        pytest.param(an_event(RETRY_FAILED_TASKS), id="a-repair"),
        pytest.param(an_event(TIMER_DUE), id="a-timer"),
    ],
)
def test_whatever_needs_no_token_is_not_refused_for_one(event: Event) -> None:
    refuse_without_token(event)


@pytest.mark.parametrize("number", [1, 2])
def test_tokens_repeat_with_the_same_entropy_and_differ_otherwise(number: int) -> None:
    first, second = (step(MACHINE, a_stack("RUN"), an_event("UPDATE"), given(n)) for n in (1, 2))
    same = step(MACHINE, a_stack("RUN"), an_event("UPDATE"), given(number))

    assert [e.token for e in same.effects] == [e.token for e in (first, second)[number - 1].effects]
    assert not {e.token for e in first.effects} & {e.token for e in second.effects}


def test_a_late_answer_without_a_token_is_remembered_and_one_with_a_token_need_not_be() -> None:
    stack = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"})
    bare = a_completion("net", token="", id="bare")
    fenced = a_completion("net", token="t", id="fenced")

    late, fenced_late = (step(a_machine(), stack, event, given()) for event in (bare, fenced))

    assert (late.verdict, fenced_late.verdict) == (Verdict.LATE, Verdict.LATE)
    assert late.stack.has_applied("bare")
    assert fenced_late.stack.applied == ()
    again = step(a_machine(), late.stack, bare, given())
    assert again.verdict is Verdict.DUPLICATE
