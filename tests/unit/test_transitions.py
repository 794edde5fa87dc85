"""Which transition an event made, and how long a stack remembers it."""

import json
from dataclasses import replace

import pytest

from cloudseam.event import MIGRATE_MACHINE, Event
from cloudseam.persistence.row import UnreadableRowError, from_row, from_text, to_row
from cloudseam.stack import (
    REDELIVERY_WINDOW_MS,
    REMOVED,
    TRANSITIONS_KEPT,
    TRANSITIONS_MOST,
    Stack,
    event_mark,
)
from cloudseam.step import step
from cloudseam.transition import Notice, Transition
from tests.builders import (
    NOW,
    a_completion,
    a_failure,
    a_machine,
    a_stack,
    a_state,
    an_event,
    given,
    token_of,
)

NEW = Stack.new("s", "life", NOW)


def a_transition(number: int = 1, at: int = NOW) -> Transition:
    mark = event_mark(f"event {number}")
    return Transition(mark, at, "UPDATE", "life", "RUN", "UPDATE", number)


@pytest.mark.parametrize(
    ("stack", "event", "moves"),
    [
        pytest.param(NEW, an_event("LAUNCH"), ("INIT", "PROVISION", 1), id="a-new-stack"),
        pytest.param(NEW, an_event("PING"), None, id="a-new-stack-that-stays"),
        pytest.param(a_stack(), an_event("UPDATE"), ("RUN", "UPDATE", 3), id="to-another-state"),
        pytest.param(a_stack(), an_event("PING"), None, id="a-no-op"),
        pytest.param(a_stack(), an_event("DROP"), ("RUN", REMOVED, 3), id="to-the-end-at-once"),
        pytest.param(
            a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"}),
            an_event("RESTART"),
            ("PROVISION", "PROVISION", 3),
            id="to-the-same-state",
        ),
        pytest.param(
            a_stack("PROVISION", tasks={"net": "PENDING", "db": "SATISFIED"}),
            a_completion("net", "token-of-net"),
            ("PROVISION", "RUN", 3),
            id="by-the-last-task",
        ),
        pytest.param(
            a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"}),
            a_completion("net", "token-of-net"),
            None,
            id="not-by-another-task",
        ),
        pytest.param(
            a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"}),
            a_failure("net", "token-of-net"),
            None,
            id="not-by-a-failure",
        ),
        pytest.param(
            a_stack("DESTROY", tasks={"net-down": "PENDING"}),
            a_completion("net-down", "token-of-net-down"),
            ("DESTROY", REMOVED, 2),
            id="the-end-of-a-terminal-state",
        ),
    ],
)
def test_a_step_tells_the_transition_that_it_is(
    stack: Stack, event: Event, moves: tuple[str, str, int] | None
) -> None:
    taken = step(a_machine(), stack, event, given(7))

    made = taken.transition
    assert (made and (made.origin, made.target, made.epoch)) == moves
    if made is not None:
        told = (made.by, made.at, made.event, made.machine)
        assert told == (event_mark(event.id), NOW + 7, event.name, "life")


def test_a_state_that_was_renamed_is_a_transition() -> None:
    renamed = a_machine(a_state("INIT"), a_state("READY"), digest="digest-2")
    event = replace(an_event(MIGRATE_MACHINE), states={"RUN": "READY"})

    made = step(renamed, a_stack(), event, given()).transition

    assert made is not None
    assert (made.origin, made.target, made.epoch) == ("RUN", "READY", 2)


def test_an_event_that_is_known_makes_no_transition_and_the_one_it_made_is_found() -> None:
    event = an_event("UPDATE")
    first = step(a_machine(), a_stack(), event, given(1), remembers=True)

    again = step(a_machine(), first.stack, event, given(2), remembers=True)

    assert again.transition is None
    assert again.stack is first.stack
    assert again.stack.transitions_by(event.id) == (first.transition,)
    assert again.stack.transitions_by("another") == ()


def test_an_answer_that_is_known_by_its_token_finds_its_transition_too() -> None:
    stack = a_stack("PROVISION", tasks={"net": "PENDING", "db": "SATISFIED"})
    answer = a_completion("net", token_of(stack, "net"))
    first = step(a_machine(), stack, answer, given(1), remembers=True)

    again = step(a_machine(), first.stack, answer, given(2), remembers=True)

    assert again.stack.transitions_by(answer.id) == (first.transition,)


def test_where_nobody_is_told_nothing_is_remembered() -> None:
    taken = step(a_machine(), a_stack(), an_event("UPDATE"), given())

    assert taken.stack.transitions == ()
    assert "transitions" not in to_row(taken.stack)


# ---- how long


def remembered(*ages: int) -> list[int]:
    """The ages, in milliseconds, of what is remembered after these transitions, oldest first."""
    stack = a_stack()
    for number, age in enumerate(ages):
        made = a_transition(number, NOW - age)
        stack = replace(stack, transitions=stack.transitions_after(made))
    return [NOW - made.at for made in stack.transitions]


def test_the_last_few_are_remembered_whenever_they_were() -> None:
    ages = [n * REDELIVERY_WINDOW_MS for n in range(9, 0, -1)]

    assert remembered(*ages) == ages[-TRANSITIONS_KEPT:]


def test_those_of_the_last_hour_are_remembered() -> None:
    ages = [REDELIVERY_WINDOW_MS - 1 - n for n in range(TRANSITIONS_KEPT + 10)]

    assert remembered(REDELIVERY_WINDOW_MS + 1, REDELIVERY_WINDOW_MS, *ages, 0) == [*ages, 0]


def test_there_is_an_end_to_it() -> None:
    ages = list(range(TRANSITIONS_MOST + 50, 0, -1))

    assert remembered(*ages) == ages[-TRANSITIONS_MOST:]


def test_a_new_life_remembers_how_the_last_one_ended() -> None:
    gone = replace(a_stack().removed(NOW), transitions=(a_transition(),))

    assert Stack.new("s", "other", NOW, after=gone).transitions == (a_transition(),)


# ---- in the row


def test_what_is_remembered_is_stored_and_so_is_what_was_of_another_machine() -> None:
    made = (a_transition(1), replace(a_transition(2), machine="other"))
    for stack in (a_stack(transitions=made), a_stack(transitions=made).removed(NOW)):
        text = json.dumps(to_row(stack))

        assert from_text("s", text).transitions == made


def test_a_transition_takes_some_sixty_bytes_of_the_row() -> None:
    rows = [json.dumps(to_row(a_stack(transitions=(a_transition(),) * n))) for n in (1, 2)]

    assert len(rows[1]) - len(rows[0]) == 59


@pytest.mark.parametrize(
    "kept",
    [{}, "x", ["x"], [[]], [["m", -1, "E", "A", "B", 1]], [["m", 1, "E", "A", "B", 1, 2]]],
    ids=str,
)
def test_a_row_whose_transitions_are_malformed_is_unreadable(kept: object) -> None:
    row = to_row(a_stack()) | {"transitions": kept or {"a": 1}}

    with pytest.raises(UnreadableRowError, match="transitions"):
        from_row(row)


# ---- the notice


def test_a_notice_has_the_same_id_for_one_transition_and_another_for_any_other() -> None:
    notice = Notice("s", "e", a_transition(1))
    others = [
        replace(notice, stack_id="s2"),
        replace(notice, transition=a_transition(2)),
        replace(notice, transition=replace(a_transition(1), epoch=9)),
    ]

    assert replace(notice).id == notice.id
    assert len({notice.id, *(each.id for each in others)}) == 4
    assert len(notice.id) == 32
