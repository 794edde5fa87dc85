"""The rules of CloudSeam v1 machines: what each event makes of a stack."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cloudseam.errors import (
    CloudSeamError,
    EventNotAllowedFromOutsideError,
    StateNotInMachineError,
    TransitionNotAllowedError,
    UnknownTaskError,
)
from cloudseam.event import (
    NEXT,
    RETRY_FAILED_TASKS,
    RETRY_PENDING_TASKS,
    TASK_HEARTBEAT,
    TASK_STARTED,
    Answer,
    Event,
)
from cloudseam.stack import Stack
from cloudseam.step import Verdict, step
from tests.builders import (
    LIFE,
    a_completion,
    a_failure,
    a_machine,
    a_stack,
    a_state,
    a_task,
    after,
    an_event,
    given,
    statuses,
    token_of,
)

MACHINE = a_machine()


def launched() -> Stack:
    """A stack on its way through PROVISION, with real tokens."""
    return after(a_stack("INIT", epoch=0), an_event("LAUNCH"))


# ---- events of the machine


@pytest.mark.parametrize(
    ("state", "event", "reached", "tasks"),
    [
        pytest.param("INIT", "LAUNCH", "PROVISION", ["net", "db"], id="advance-to-tasks"),
        pytest.param("INIT", "START", "RUN", [], id="advance-to-no-tasks"),
        pytest.param("PROVISION", "DESTROY", "DESTROY", ["net-down"], id="advance-while-pending"),
        pytest.param("PROVISION", "RESTART", "PROVISION", ["net", "db"], id="advance-to-itself"),
        pytest.param(
            "RUN", "UPDATE", "UPDATE", ["db", "smoke"], id="advance-to-a-task-known-before"
        ),
    ],
)
def test_an_event_advances_to_a_state_and_its_tasks_in_order(
    state: str, event: str, reached: str, tasks: list[str]
) -> None:
    stack = a_stack(state, epoch=7)

    taken = step(MACHINE, stack, an_event(event), given())

    assert (taken.stack.state, taken.stack.previous_state) == (reached, state)
    assert statuses(taken.stack) == dict.fromkeys(tasks, "PENDING")
    assert [effect.task.name for effect in taken.effects] == tasks
    assert taken.stack.epoch == 8
    assert {(effect.epoch, effect.attempt) for effect in taken.effects} <= {(8, 1)}


def test_a_state_without_tasks_waits_and_does_not_fire_next() -> None:
    machine = a_machine(
        a_state("INIT", on={"GO": "WAIT"}), a_state("WAIT", on={"NEXT": "END"}), a_state("END")
    )

    assert after(a_stack("INIT"), an_event("GO"), machine=machine).state == "WAIT"


def test_a_no_op_changes_nothing_but_metadata_and_asks_for_nothing() -> None:
    stack = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"})

    taken = step(MACHINE, stack, an_event("PING", metadata={"size": 3}), given())

    assert taken.verdict is Verdict.APPLIED
    assert taken.effects == ()
    assert (taken.stack.state, taken.stack.epoch) == (stack.state, stack.epoch)
    assert taken.stack.tasks == stack.tasks
    assert taken.stack.metadata == {"size": 3}


def test_each_attempt_has_a_token_of_its_own() -> None:
    first = launched()
    again = after(first, an_event("RESTART"), an_event(RETRY_PENDING_TASKS))

    tokens = [task.token for stack in (first, again) for task in stack.tasks]

    assert len(set(tokens)) == 4
    assert all(len(token) == 32 for token in tokens)


def test_attempts_have_different_tokens_even_when_they_are_drawn_alike() -> None:
    first = step(MACHINE, a_stack("RUN"), an_event("UPDATE"), given(1)).stack
    second = step(MACHINE, first, an_event(RETRY_PENDING_TASKS), given(1)).stack

    assert not {task.token for task in first.tasks} & {task.token for task in second.tasks}


@pytest.mark.parametrize(
    ("state", "event", "error"),
    [
        pytest.param("RUN", "LAUNCH", TransitionNotAllowedError, id="known-but-not-in-this-state"),
        pytest.param("RUN", "EXPLODE", TransitionNotAllowedError, id="unknown-event"),
        pytest.param("RUN", "ping", TransitionNotAllowedError, id="lower-case"),
        pytest.param("RUN", "constructor", TransitionNotAllowedError, id="name-of-a-prototype"),
        pytest.param("DESTROY", "LAUNCH", TransitionNotAllowedError, id="terminal-state"),
        pytest.param("RUN", NEXT, EventNotAllowedFromOutsideError, id="next-where-none-is"),
        pytest.param("PROVISION", NEXT, EventNotAllowedFromOutsideError, id="next-where-one-is"),
        pytest.param("ATTIC", "PING", StateNotInMachineError, id="state-gone"),
        pytest.param("ATTIC", RETRY_FAILED_TASKS, StateNotInMachineError, id="retry-state-gone"),
    ],
)
def test_an_event_that_cannot_be_applied_says_where(
    state: str, event: str, error: type[CloudSeamError]
) -> None:
    with pytest.raises(error) as raised:
        step(MACHINE, a_stack(state), an_event(event), given())

    assert (raised.value.stack_id, raised.value.machine, raised.value.state) == ("s", "life", state)


@pytest.mark.parametrize("event", [TASK_HEARTBEAT, TASK_STARTED])
def test_what_another_language_is_told_of_a_task_neither_ends_nor_fails_it(event: str) -> None:
    stack = launched()
    told = replace(an_event(event), answer=Answer("net", token_of(stack, "net")))

    with pytest.raises(TransitionNotAllowedError):
        step(MACHINE, stack, told, given())


def test_a_refused_event_names_what_could_be_sent_instead_but_never_next() -> None:
    with pytest.raises(TransitionNotAllowedError, match="PING, DESTROY, RESTART") as raised:
        step(MACHINE, a_stack("PROVISION"), an_event("LAUNCH"), given())

    assert NEXT not in str(raised.value)


def test_a_refused_event_does_not_merge_its_metadata() -> None:
    stack = a_stack("RUN", metadata={"size": 1})

    with pytest.raises(TransitionNotAllowedError):
        step(MACHINE, stack, an_event("LAUNCH", metadata={"size": 2}), given())

    assert stack.metadata == {"size": 1}


# ---- metadata


@pytest.mark.parametrize(
    ("before", "sent", "merged"),
    [
        pytest.param({}, {"a": 1}, {"a": 1}, id="first"),
        pytest.param({"a": 1}, {"b": 2}, {"a": 1, "b": 2}, id="another-key"),
        pytest.param({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}, id="newer-wins"),
        pytest.param({"a": 1}, {"a": None}, {"a": None}, id="null-is-a-value"),
        pytest.param({"a": 1}, {"a": ""}, {"a": ""}, id="empty-is-a-value"),
        pytest.param({"a": 1}, {}, {"a": 1}, id="nothing-sent"),
        pytest.param({}, {"__proto__": "x"}, {"__proto__": "x"}, id="key-of-a-prototype"),
    ],
)
@pytest.mark.parametrize(
    ("state", "event"),
    [("RUN", "PING"), ("RUN", "UPDATE"), ("RUN", RETRY_FAILED_TASKS)],
    ids=["no-op", "advance", "retry"],
)
def test_metadata_is_merged(
    state: str,
    event: str,
    before: dict[str, int],
    sent: dict[str, int],
    merged: dict[str, int],
) -> None:
    stack = after(a_stack(state, metadata=before), an_event(event, metadata=sent))

    assert stack.metadata == merged


def test_a_completion_merges_metadata_even_when_it_advances() -> None:
    stack = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"}, metadata={"a": 1})

    advanced = after(stack, a_completion("db", token_of(stack, "db"), metadata={"b": 2}))

    assert (advanced.state, advanced.metadata) == ("RUN", {"a": 1, "b": 2})


# ---- answers and NEXT


@pytest.mark.parametrize("order", [("net", "db"), ("db", "net")], ids="-then-".join)
def test_next_fires_when_the_last_task_is_satisfied(order: tuple[str, str]) -> None:
    stack = launched()

    waiting = after(stack, a_completion(order[0], token_of(stack, order[0])))
    advanced = after(waiting, a_completion(order[1], token_of(stack, order[1])))

    assert waiting.state == "PROVISION"
    assert statuses(waiting)[order[0]] == "SATISFIED"
    assert (advanced.state, advanced.previous_state, advanced.tasks) == ("RUN", "PROVISION", ())


def test_next_asks_for_the_tasks_of_the_state_it_leads_to() -> None:
    machine = a_machine(
        a_state("INIT", on={"GO": "ONE"}),
        a_state("ONE", tasks=("a",), on={"NEXT": "TWO"}),
        a_state("TWO", tasks=("a", "b"), on={"NEXT": "INIT"}),
    )
    stack = after(a_stack("INIT"), an_event("GO"), machine=machine)

    taken = step(machine, stack, a_completion("a", token_of(stack, "a")), given(9))

    assert [effect.task.name for effect in taken.effects] == ["a", "b"]
    assert token_of(taken.stack, "a") != token_of(stack, "a")


def test_a_no_op_next_fires_once_and_the_stack_stays() -> None:
    machine = a_machine(a_state("INIT", tasks=("a",), on={"NEXT": None, "PING": None}))
    stack = a_stack("INIT", tasks={"a": "PENDING"})
    done = a_completion("a", token_of(stack, "a"))

    stayed = after(stack, done, machine=machine)
    again = step(machine, stayed, done, given(9))

    assert (stayed.state, statuses(stayed)) == ("INIT", {"a": "SATISFIED"})
    assert (again.verdict, again.stack) == (Verdict.LATE, stayed)


def test_without_a_next_handler_the_last_completion_is_kept_and_the_stack_waits() -> None:
    machine = a_machine(a_state("INIT", tasks=("a",), on={"PING": None}))
    stack = a_stack("INIT", tasks={"a": "PENDING"})

    waiting = after(stack, a_completion("a", token_of(stack, "a")), machine=machine)

    assert (waiting.state, statuses(waiting)) == ("INIT", {"a": "SATISFIED"})


def test_next_may_lead_to_the_same_state_and_asks_for_its_tasks_again() -> None:
    machine = a_machine(a_state("INIT", tasks=("a",), on={"NEXT": "INIT"}))
    stack = a_stack("INIT", tasks={"a": "PENDING"})

    taken = step(machine, stack, a_completion("a", token_of(stack, "a")), given())

    assert statuses(taken.stack) == {"a": "PENDING"}
    assert [effect.task.name for effect in taken.effects] == ["a"]


PROVISIONING = a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"})


@pytest.mark.parametrize(
    ("status", "answer", "status_after"),
    [
        pytest.param("PENDING", a_completion("db", "token-of-db"), "SATISFIED", id="done"),
        pytest.param("PENDING", a_failure("db", "token-of-db"), "ERROR", id="failed"),
        pytest.param("PENDING", a_completion("db"), "SATISFIED", id="done-from-outside"),
        pytest.param("PENDING", a_failure("db"), "ERROR", id="failed-from-outside"),
        pytest.param(
            "ERROR", a_completion("db", "token-of-db"), "SATISFIED", id="done-after-error"
        ),
        pytest.param("PENDING", a_completion("db", "other"), "PENDING", id="done-other-attempt"),
        pytest.param("PENDING", a_failure("db", "other"), "PENDING", id="failed-other-attempt"),
        pytest.param("PENDING", a_completion("db", "tökén"), "PENDING", id="forged-beyond-ascii"),
        pytest.param("PENDING", a_completion("db", "\ud800"), "PENDING", id="forged-surrogate"),
        pytest.param("SATISFIED", a_completion("db", "token-of-db"), "SATISFIED", id="done-twice"),
        pytest.param("SATISFIED", a_failure("db", "token-of-db"), "SATISFIED", id="failed-late"),
        pytest.param("SATISFIED", a_failure("db"), "SATISFIED", id="failed-late-from-outside"),
        pytest.param("PENDING", a_completion("smoke", "tok"), "PENDING", id="task-of-other-state"),
        pytest.param("PENDING", a_failure("no-such", "tok"), "PENDING", id="unknown-with-token"),
    ],
)
def test_an_answer_counts_for_the_attempt_that_it_is_of_and_no_other(
    status: str, answer: Event, status_after: str
) -> None:
    stack = a_stack("PROVISION", tasks={"net": "PENDING", "db": status})

    taken = step(MACHINE, stack, answer, given())

    assert statuses(taken.stack) == {"net": "PENDING", "db": status_after}
    assert taken.verdict is (Verdict.LATE if status == status_after else Verdict.APPLIED)
    assert taken.effects == ()


@pytest.mark.parametrize("token", ["", "a-token"], ids=["no-token", "with-a-token"])
def test_an_attempt_asked_for_by_the_original_takes_any_answer(token: str) -> None:
    stack = replace(a_stack("PROVISION"), tasks=(a_task("net", token=""), a_task("db", token="")))

    assert statuses(after(stack, a_completion("db", token))) == {
        "net": "PENDING",
        "db": "SATISFIED",
    }


@pytest.mark.parametrize(
    ("state", "listed"), [("PROVISION", "net, db"), ("RUN", "none")], ids=["tasks", "no-tasks"]
)
@pytest.mark.parametrize("answered", [a_completion("x"), a_failure("x")], ids=["done", "failed"])
def test_an_answer_from_outside_for_a_task_that_is_not_there_is_rejected(
    answered: Event, state: str, listed: str
) -> None:
    stack = PROVISIONING if state == "PROVISION" else a_stack("RUN")

    with pytest.raises(UnknownTaskError, match=listed):
        step(MACHINE, stack, answered, given())


def test_a_late_completion_of_an_earlier_visit_does_not_satisfy_the_new_one() -> None:
    first = launched()
    second = after(first, an_event("RESTART"))

    taken = step(MACHINE, second, a_completion("net", token_of(first, "net")), given())

    assert taken.verdict is Verdict.LATE
    assert taken.stack == replace(second, history=taken.stack.history)


def test_an_error_keeps_its_description_and_a_success_clears_it() -> None:
    failed = after(PROVISIONING, a_failure("db", "token-of-db", description="no disk"))
    healed = after(failed, a_completion("db", "token-of-db"))

    kept = failed.task("db")
    assert kept is not None
    assert (kept.error_message, failed.state) == ("no disk", "PROVISION")
    cleared = healed.task("db")
    assert cleared is not None
    assert cleared.error_message is None


def test_the_same_error_told_twice_has_no_effect_the_second_time() -> None:
    failed = after(PROVISIONING, a_failure("db", "token-of-db"))

    assert step(MACHINE, failed, a_failure("db", "token-of-db"), given()).verdict is Verdict.LATE


def test_an_error_delivered_again_after_another_was_told_is_not_applied_again() -> None:
    answer = a_failure("db", "token-of-db", description="no disk")
    by_hand = a_failure("db", description="give it up")
    failed = after(PROVISIONING, answer, by_hand)

    again = step(MACHINE, failed, answer, given())

    task = again.stack.task("db")
    assert again.verdict is Verdict.LATE
    assert task is not None
    assert task.error_message == "give it up"


def test_an_error_never_advances_a_stack() -> None:
    stack = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"})

    failed = after(stack, a_failure("db", "token-of-db"))

    assert (failed.state, statuses(failed)["db"]) == ("PROVISION", "ERROR")


def test_outputs_are_kept_and_a_later_run_of_the_task_replaces_them() -> None:
    stack = a_stack("UPDATE", tasks={"db": "PENDING", "smoke": "PENDING"})
    stack = replace(stack, outputs={"db": {"url": "old", "size": 1}, "net": {"id": "n"}})

    told = after(stack, a_completion("db", "token-of-db", outputs={"url": "new"}))

    assert told.outputs == {"db": {"url": "new"}, "net": {"id": "n"}}


# ---- retries


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        pytest.param(RETRY_FAILED_TASKS, ["b", "d"], id="failed"),
        pytest.param(RETRY_PENDING_TASKS, ["a"], id="pending"),
    ],
)
def test_a_retry_asks_for_a_new_attempt_of_the_tasks_it_names_and_no_others(
    event: str, asked: list[str]
) -> None:
    machine = a_machine(a_state("INIT", tasks=("a", "b", "c", "d"), on={"NEXT": None}))
    stack = a_stack("INIT", tasks={"a": "PENDING", "b": "ERROR", "c": "SATISFIED", "d": "ERROR"})

    taken = step(machine, stack, an_event(event), given())

    assert [(effect.task.name, effect.attempt) for effect in taken.effects] == [
        (name, 2) for name in asked
    ]
    assert (taken.stack.state, taken.stack.epoch) == ("INIT", stack.epoch)
    assert all(statuses(taken.stack)[name] == "PENDING" for name in asked)
    for task in stack.tasks:
        assert (token_of(taken.stack, task.name) != task.token) == (task.name in asked)


def test_a_retry_forgets_the_error_of_the_attempt_before() -> None:
    failed = after(PROVISIONING, a_failure("db", "token-of-db", description="no disk"))

    task = after(failed, an_event(RETRY_FAILED_TASKS)).task("db")

    assert task is not None
    assert (task.status.value, task.error_message, task.attempt) == ("PENDING", None, 2)


@pytest.mark.parametrize("answer", [a_completion, a_failure], ids=["completed", "failed"])
def test_an_answer_of_the_attempt_before_a_retry_no_longer_counts(
    answer: Callable[..., Event],
) -> None:
    retried = after(PROVISIONING, an_event(RETRY_PENDING_TASKS))

    taken = step(MACHINE, retried, answer("db", "token-of-db"), given())

    assert taken.verdict is Verdict.LATE
    assert taken.stack == replace(retried, history=taken.stack.history)


@pytest.mark.parametrize("event", [RETRY_FAILED_TASKS, RETRY_PENDING_TASKS])
@pytest.mark.parametrize("tasks", [{}, {"net": "SATISFIED"}], ids=["no-tasks", "all-satisfied"])
def test_a_retry_with_nothing_to_do_is_taken_and_does_nothing(
    event: str, tasks: dict[str, str]
) -> None:
    stack = a_stack("PROVISION", tasks=tasks)

    taken = step(MACHINE, stack, an_event(event), given())

    assert (taken.verdict, taken.effects) == (Verdict.APPLIED, ())
    assert taken.stack.tasks == stack.tasks


# ---- terminal states


def test_a_terminal_state_without_tasks_removes_the_stack_at_once() -> None:
    gone = after(a_stack("RUN", metadata={"a": 1}), an_event("DROP"))

    assert gone.is_removed
    assert (gone.tasks, gone.metadata, gone.outputs) == ((), {}, {})


def test_a_terminal_state_with_tasks_removes_the_stack_when_the_last_is_satisfied() -> None:
    leaving = after(a_stack("RUN", outputs={"db": {"url": "u"}}), an_event("DESTROY"))

    gone = after(leaving, a_completion("net-down", token_of(leaving, "net-down")))

    assert not leaving.is_removed
    assert (gone.is_removed, gone.outputs) == (True, {})


def test_a_failed_task_keeps_a_terminal_stack_until_a_retry_succeeds() -> None:
    leaving = after(a_stack("RUN"), an_event("DESTROY"))

    failed = after(leaving, a_failure("net-down", token_of(leaving, "net-down")))
    again = after(failed, an_event(RETRY_FAILED_TASKS))
    gone = after(again, a_completion("net-down", token_of(again, "net-down")))

    assert not failed.is_removed
    assert gone.is_removed


def test_a_no_op_in_a_terminal_state_with_pending_tasks_removes_nothing() -> None:
    leaving = after(a_stack("RUN"), an_event("DESTROY"))

    assert not after(leaving, an_event("PING")).is_removed


def test_a_terminal_stack_with_nothing_left_to_do_is_removed_by_a_no_op() -> None:
    """The original left such a row behind when it crashed before it removed it."""
    left = a_stack("DESTROY", tasks={"net-down": "SATISFIED"})

    assert after(left, an_event("PING")).is_removed


# ---- a machine that changed under a running stack


WITHOUT_DB = a_machine(
    *(replace(state, tasks=tuple(t for t in state.tasks if t != "db")) for state in LIFE)
)


def test_a_completion_of_a_task_that_the_machine_lost_still_counts() -> None:
    stack = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"})

    assert after(stack, a_completion("db", "token-of-db"), machine=WITHOUT_DB).state == "RUN"


def test_a_retry_of_a_task_that_the_machine_lost_is_refused_as_a_whole() -> None:
    stack = a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"})

    with pytest.raises(StateNotInMachineError, match="'db'"):
        step(WITHOUT_DB, stack, an_event(RETRY_PENDING_TASKS), given())


def test_a_completion_in_a_state_that_the_machine_lost_is_an_error_that_says_so() -> None:
    stack = a_stack("ATTIC", tasks={"net": "PENDING"})

    with pytest.raises(StateNotInMachineError, match=r"'ATTIC'.*Put the state back"):
        step(MACHINE, stack, a_completion("net", "token-of-net"), given())
