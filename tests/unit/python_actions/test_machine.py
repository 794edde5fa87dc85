"""What events make of a stack on a Python-action machine, over the whole service in memory."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cloudseam.errors import (
    MigrationRefusedError,
    ServiceUnavailableError,
    TransitionNotAllowedError,
)
from cloudseam.event import RETRY_FAILED_TASKS
from cloudseam.languages.python_actions.definition import Definition, State, Transition
from cloudseam.languages.python_actions.machine import ActionsMachine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.stack import TaskStatus
from tests.builders import a_delivery, an_answer_body
from tests.world import World, errors


def on(*transitions: Transition) -> dict[str, Transition]:
    return {transition.event: transition for transition in transitions}


SEED = Definition(
    {
        "First": State(
            "First",
            initial=True,
            entry_action="a.Action1",
            do_action="a.Action2",
            exit_action="a.Action3",
            on=on(Transition("done", "Second", action="a.OnTheWay"), Transition("skip", "Third")),
        ),
        "Second": State(
            "Second",
            entry_action="a.Action4",
            do_action="a.Action5",
            exit_action="a.Action6",
            on=on(Transition("done", "Third"), Transition("again", "Second", local=True)),
        ),
        "Third": State(
            "Third",
            final=True,
            entry_action="a.Action7",
            do_action="a.Action8",
            exit_action="a.Action9",
        ),
    },
    max_retries=2,
)


class Actions:
    """A stack on the machine, whose invocations the test answers."""

    def __init__(self, definition: Definition = SEED) -> None:
        machine = ActionsMachine("seed", "digest", definition, "")
        self.world = World(machines=InMemoryMachineLocator([machine]))

    def start(self, stack_id: str = "s", **fields: Any) -> list[str | None]:
        body = {"stackId": stack_id, "machine": "seed", "event": "START", **fields}
        return errors(self.world.send(body | {"eventId": f"start/{stack_id}"}))

    def ends(self, event: str | None = None, **result: Any) -> list[str | None]:
        """Answers the invocation that was asked for last."""
        answer = an_answer_body(self.asked, result={"event": event, **result})
        return errors(self.world.send(answer))

    def fails(self) -> list[str | None]:
        answer = an_answer_body(self.asked, event="TASK_ERROR", description="RuntimeError: no")
        return errors(self.world.send(answer))

    def wakes(self, seconds: float) -> None:
        """Lets time pass, and delivers the timers that were set."""
        self.world.clock.move_on(seconds)  # type: ignore[attr-defined]
        self.world.send({"stackId": "s", "event": "TIMER_DUE"})

    @property
    def asked(self) -> dict[str, Any]:
        return self.world.asked("actions")

    @property
    def invocations(self) -> int:
        """A message that is sent again is claimed, and so run, once: it has the same token."""
        return len({asked["task"]["token"] for asked in self.world.all_asked("actions")})

    @property
    def input(self) -> dict[str, Any]:
        told: dict[str, Any] = self.asked["input"]
        return told

    @property
    def memory(self) -> Mapping[str, Any]:
        return self.world.stack().memory


def test_a_start_asks_for_the_entry_and_do_of_the_initial_state() -> None:
    actions = Actions()

    assert actions.start(context={"n": 1}) == [None]

    assert actions.world.stack().state == "First"
    told = actions.input
    assert told["from"] == {"state": "pseudo_init", "event": "pseudo_init"}
    assert (told["to"], told["context"], told["steps"], told["retries"]) == (
        "First",
        {"n": 1},
        0,
        0,
    )
    assert "exit" not in told
    assert "transition" not in told
    assert told["states"]["First"]["entry"] == "a.Action1"
    assert told["states"]["First"]["on"] == {"done": {}, "skip": {}}


def test_a_heartbeat_neither_ends_nor_fails_an_invocation() -> None:
    actions = Actions()
    actions.start()
    before = actions.world.stack()

    [error] = errors(actions.world.send(an_answer_body(actions.asked, event="TASK_HEARTBEAT")))

    assert error == "TransitionNotAllowedError"
    assert actions.world.stack() == before


def test_one_transition_is_one_invocation_of_exit_transition_entry_and_do() -> None:
    actions = Actions()
    actions.start()

    actions.ends("done", context={"n": 2})

    told = actions.input
    assert (told["exit"], told["transition"], told["to"]) == ("a.Action3", "a.OnTheWay", "Second")
    assert told["states"]["Second"]["on"]["again"] == {"to": "Second", "local": True}
    assert (told["context"], told["steps"]) == ({"n": 2}, 1)
    assert actions.world.stack().state == "Second"


def test_the_last_exit_has_an_invocation_of_its_own_and_then_the_stack_is_gone() -> None:
    actions = Actions()
    actions.start()
    actions.ends("skip")
    actions.ends("ignored")

    assert (actions.input["exit"], actions.invocations) == ("a.Action9", 3)
    assert "to" not in actions.input
    actions.ends(context={"n": 9})

    stack = actions.world.stack()
    assert stack.is_removed
    assert stack.memory["context"] == {"n": 9}


def test_the_librarys_way_leaves_the_last_exit_out() -> None:
    actions = Actions(Definition(SEED.states, final_exit=False))
    actions.start()
    actions.ends("skip")

    actions.ends("ignored")

    assert actions.world.stack().is_removed
    assert actions.invocations == 2


def test_a_stack_without_an_event_is_parked_until_one_comes_from_outside() -> None:
    actions = Actions()
    actions.start()
    actions.ends(None, context={"n": 1})

    assert actions.invocations == 1
    assert actions.world.stack().is_satisfied
    answer = {"stackId": "s", "event": "done", "context": {"from": "outside"}}
    assert errors(actions.world.send(answer)) == [None]

    assert actions.input["to"] == "Second"
    assert actions.input["given"] == {"from": "outside"}
    assert actions.input["context"] == {"n": 1}


def test_an_event_from_outside_waits_for_the_end_of_the_invocation() -> None:
    actions = Actions()
    actions.start()

    assert errors(actions.world.send({"stackId": "s", "event": "done"})) == [
        TransitionNotAllowedError.__name__
    ]


def test_an_event_that_the_state_does_not_have_says_which_it_has() -> None:
    actions = Actions()
    actions.start()
    actions.ends(None)

    (outcome,) = actions.world.send({"stackId": "s", "event": "doen"})

    assert "Available there: done, skip." in str(outcome.error)


def test_a_returned_event_that_the_state_does_not_have_is_a_failure_that_is_retried() -> None:
    actions = Actions()
    actions.start()

    actions.ends("nosuch")

    (task,) = actions.world.stack().tasks
    assert task.status is TaskStatus.ERROR
    assert "'nosuch'" in str(task.error_message)
    assert task.retry_at


def test_a_failure_is_retried_with_the_original_context_within_two_to_the_n_seconds() -> None:
    actions = Actions()
    actions.start(context={"n": 1})
    waits = []
    for _ in range(2):
        actions.fails()
        (task,) = actions.world.stack().tasks
        waits.append(task.retry_at - actions.world.stack().updated_at)
        actions.wakes(70)

    assert actions.invocations == 3
    assert (actions.input["retries"], actions.input["context"]) == (2, {"n": 1})
    assert all(0 <= wait <= 1000 * 2 ** (n + 1) for n, wait in enumerate(waits))


def test_fence_tokens_grow_with_every_attempt_and_transition() -> None:
    actions = Actions()
    actions.start()
    fences = [actions.input["fence"]]
    actions.fails()
    actions.wakes(70)
    fences.append(actions.input["fence"])
    actions.ends("done")
    fences.append(actions.input["fence"])

    assert fences == sorted(set(fences))


def test_a_machine_that_is_given_up_leaves_a_letter_that_retries_it_when_it_is_redriven() -> None:
    actions = Actions(Definition(SEED.states, max_retries=0))
    actions.start()

    assert actions.fails() == [None]

    (letter,) = actions.world.letters.sent
    assert letter.attributes["error"] == "TaskGivenUp"
    assert "RuntimeError: no" in letter.attributes["reason"]
    assert json.loads(letter.body) == {"event": RETRY_FAILED_TASKS, "stackId": "s"}
    (task,) = actions.world.stack().tasks
    assert task.is_given_up
    actions.world.send(letter.body)
    assert (actions.invocations, actions.input["retries"]) == (2, 0)


def test_a_letter_that_could_not_be_sent_brings_the_answer_back_and_is_sent_then() -> None:
    actions = Actions(Definition(SEED.states, max_retries=0))
    actions.start()
    answer = an_answer_body(actions.asked, event="TASK_ERROR", description="no")
    delivery = a_delivery(answer, message_id="m")
    actions.world.letters.refuses = lambda message: True

    assert errors(actions.world.deliver(delivery)) == [ServiceUnavailableError.__name__]
    actions.world.letters.refuses = lambda message: False
    sent = len(actions.world.letters.sent)
    assert errors(actions.world.deliver(delivery)) == [None]

    assert len(actions.world.letters.sent) == sent + 1


def test_a_delay_puts_the_next_transition_off_and_the_state_is_the_one_it_goes_to() -> None:
    actions = Actions()
    actions.start()

    actions.ends("done", delay=42)

    stack = actions.world.stack()
    assert (stack.state, stack.tasks[0].status, actions.invocations) == (
        "Second",
        TaskStatus.WAITING,
        1,
    )
    (timer,) = actions.world.source.sent
    assert timer.delay == 42
    actions.wakes(41)
    assert actions.invocations == 1
    actions.wakes(2)
    assert (actions.invocations, actions.input["retries"]) == (2, 0)


def test_an_additional_delay_is_added_to_transitions_and_retries_and_not_to_the_start() -> None:
    actions = Actions()
    actions.start(additionalDelaySeconds=100)
    assert actions.invocations == 1
    actions.fails()
    stack = actions.world.stack()

    assert 100_000 <= stack.tasks[0].retry_at - stack.updated_at <= 102_000
    actions.wakes(103)
    actions.ends("done")
    stack = actions.world.stack()
    assert stack.tasks[0].retry_at - stack.updated_at == 100_000


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": "First", "currentEvent": "done"}, ("a.Action3", "Second")),
        ({"state": "Second"}, (None, "Second")),
        ({"state": "Third", "currentEvent": "pseudo_final"}, ("a.Action9", None)),
    ],
    ids=["with an event", "at a state", "at the last exit"],
)
def test_a_start_can_resume(
    fields: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    actions = Actions()

    assert actions.start(**fields) == [None]

    assert (actions.input.get("exit"), actions.input.get("to")) == expected


@pytest.mark.parametrize(
    "fields",
    [{"state": "Nowhere"}, {"state": "First", "currentEvent": "nothing"}],
    ids=["state", "event"],
)
def test_a_start_that_resumes_nowhere_makes_no_stack(fields: dict[str, Any]) -> None:
    actions = Actions()

    assert actions.start(**fields) == [TransitionNotAllowedError.__name__]

    assert not actions.world.has()


def test_a_second_start_runs_nothing_not_even_when_the_stack_is_gone() -> None:
    actions = Actions()
    actions.start(context={"n": 1})
    actions.start(context={"n": 2})
    other = {"stackId": "s", "machine": "seed", "event": "START", "eventId": "another"}
    actions.world.send(other)
    assert (actions.invocations, actions.input["context"]) == (1, {"n": 1})
    actions.ends("skip")
    actions.ends()
    actions.ends()
    assert actions.world.stack().is_removed

    actions.start()

    assert actions.world.stack().is_removed


STARTED = {"machine": "seed", "stackId": "child", "context": {"of": "s"}}


def test_a_stack_that_an_action_starts_is_started_with_the_commit_before_the_next_task() -> None:
    actions = Actions()
    actions.start()

    actions.ends("done", starts=[STARTED])

    (sent,) = actions.world.source.sent
    assert json.loads(sent.body) == STARTED | {"event": "START", "eventId": "start/child"}
    actions.world.send(sent.body)
    assert actions.world.stack("child").memory["context"] == {"of": "s"}


def test_a_start_that_could_not_be_sent_keeps_the_task_back_and_comes_with_the_redelivery() -> None:
    actions = Actions()
    actions.start()
    answer = an_answer_body(actions.asked, result={"event": "done", "starts": [STARTED]})
    delivery = a_delivery(answer, message_id="m")
    actions.world.source.refuses = lambda message: True

    assert errors(actions.world.deliver(delivery)) == [ServiceUnavailableError.__name__]
    assert actions.invocations == 1
    actions.world.source.refuses = lambda message: False
    assert errors(actions.world.deliver(delivery)) == [None]

    assert actions.invocations == 2
    assert actions.world.stack().starts
    actions.ends(None)
    assert not actions.world.stack().starts


def test_a_start_by_the_last_action_is_owed_even_by_a_stack_that_is_gone() -> None:
    actions = Actions(Definition(SEED.states, final_exit=False))
    actions.start()
    actions.ends("skip")
    answer = an_answer_body(actions.asked, result={"starts": [STARTED]})
    delivery = a_delivery(answer, message_id="m")
    actions.world.source.refuses = lambda message: True
    assert errors(actions.world.deliver(delivery)) == [ServiceUnavailableError.__name__]
    assert actions.world.stack().is_removed
    actions.world.source.refuses = lambda message: False
    before = len(actions.world.source.sent)

    assert errors(actions.world.deliver(delivery)) == [None]

    assert len(actions.world.source.sent) == before + 1


def test_a_stored_context_is_dropped_by_the_invocation_after_the_one_that_replaced_it() -> None:
    actions = Actions()
    one = {"key": "contexts/1", "bytes": 1, "sha256": "a" * 64}
    two = one | {"key": "contexts/2"}
    actions.start(stored=one)
    assert (actions.input["stored"], "context" in actions.input) == (one, False)
    actions.ends("done", stored=two)
    assert (actions.input["stored"], actions.input["drop"]) == (two, "contexts/1")
    actions.ends(None, context={"small": True})

    assert actions.memory["drop"] == "contexts/2"
    assert actions.memory["context"] == {"small": True}
    assert "stored" not in actions.memory


def test_local_transitions_end_where_the_answer_says() -> None:
    actions = Actions()
    actions.start()
    actions.ends("done")

    actions.ends("done", state="Second", context={"n": 3})

    assert actions.world.stack().state == "Third"
    assert actions.input["steps"] == 2


@pytest.mark.parametrize(
    "result",
    [
        {"state": "Nowhere"},
        {"state": 5},
        {"event": ["done"]},
        {"delay": -1},
        {"delay": True},
        {"starts": {}},
        {"starts": ["x"]},
        {"context": []},
        {"stored": "x"},
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_used_is_a_failure(result: dict[str, Any]) -> None:
    actions = Actions()
    actions.start()

    actions.world.send(an_answer_body(actions.asked, result=result))

    (task,) = actions.world.stack().tasks
    assert task.status is TaskStatus.ERROR
    assert "cannot be used" in str(task.error_message)


def test_a_renamed_state_is_taken_over_with_the_transition_that_is_under_way() -> None:
    actions = Actions()
    actions.start()
    actions.ends("done")
    stack = actions.world.stack()
    states = dict(SEED.states)
    states["Uno"] = states.pop("First")
    renamed = ActionsMachine("seed", "digest-2", Definition(states))

    with pytest.raises(MigrationRefusedError, match="no state 'First'"):
        renamed.adopt(stack, {})
    moved = renamed.adopt(stack, {"First": "Uno"})

    assert renamed.task(moved, "actions").input["exit"] == "a.Action3"  # type: ignore[index]


def test_a_cancelled_invocation_can_be_retried_or_moved_on_from() -> None:
    actions = Actions()
    actions.start()
    actions.world.send({"stackId": "s", "event": "CANCEL_TASKS"})

    assert actions.ends("done") == [None]
    assert actions.world.stack().state == "First"
    assert errors(actions.world.send({"stackId": "s", "event": "skip"})) == [None]
    assert actions.input["to"] == "Third"


def test_what_came_with_an_event_is_not_lost_when_its_transition_was_given_up() -> None:
    actions = Actions(Definition(SEED.states, max_retries=0))
    actions.start()
    actions.ends(None)
    event = {"stackId": "s", "event": "done", "context": {"a": 1, "b": 1}}
    actions.world.send(event)
    actions.fails()

    assert errors(actions.world.send(event | {"context": {"b": 2}})) == [None]

    assert actions.input["given"] == {"a": 1, "b": 2}


@pytest.mark.parametrize("event", ["CANCEL_TASKS", "MIGRATE_MACHINE", "RETRY_PENDING_TASKS"])
def test_the_metadata_of_a_repair_is_merged(event: str) -> None:
    actions = Actions()
    actions.start()

    actions.world.send({"stackId": "s", "event": event, "metadata": {"why": "a test"}})

    assert actions.world.stack().metadata == {"why": "a test"}


def test_starts_that_are_owed_outlive_a_stack_that_is_started_anew() -> None:
    actions = Actions(Definition(SEED.states, final_exit=False))
    actions.start()
    actions.ends("skip")
    actions.world.source.refuses = lambda message: True
    actions.ends(None, starts=[STARTED])
    actions.world.source.refuses = lambda message: False
    assert actions.world.stack().is_removed
    before = len(actions.world.source.sent)

    start = {"stackId": "s", "machine": "seed", "event": "START", "eventId": "a new life"}
    assert errors(actions.world.send(start)) == [None]

    [sent] = actions.world.source.sent[before:]
    assert json.loads(sent.body)["stackId"] == STARTED["stackId"]


def test_a_context_that_no_message_could_carry_on_is_refused_with_its_size() -> None:
    actions = Actions()
    large = {"text": "x" * 100_000}

    assert actions.start(context=large) == ["InvalidMessageError"]
    actions.start()
    actions.ends(None)
    event = {"stackId": "s", "event": "done", "context": large}
    [outcome] = actions.world.send(event)

    assert "100011 bytes" in str(outcome.error)
    assert actions.world.stack().state == "First"


def test_an_answer_that_says_nothing_parks_a_machine_in_the_state_that_it_entered() -> None:
    """As `SKIP_TASK_EXECUTION` answers, and people who complete a task by hand."""
    actions = Actions()
    actions.start(context={"n": 1})

    actions.world.complete("actions")

    assert [task.status for task in actions.world.stack().tasks] == [TaskStatus.SATISFIED]
    assert errors(actions.world.send({"stackId": "s", "event": "skip"})) == [None]
    assert actions.input["context"] == {"n": 1}
    actions.world.complete("actions")
    actions.world.complete("actions")
    assert actions.world.stack().is_removed
