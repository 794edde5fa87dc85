"""An invocation: what its actions get, what is answered, and what fails it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudseam.actions import start_state_machine
from cloudseam.errors import InvalidMessageError
from cloudseam.json_context import MAX_CONTEXT_LEVELS, NotSerializableError
from cloudseam.messages import parse_event
from cloudseam.queues import MESSAGE_BYTES
from cloudseam.stored_context import ContextBucket
from task_satisfier.executors import OutOfTimeError, Result, TaskFailedError
from task_satisfier.executors.python.executor import PythonExecutor
from tests.task_builders import a_task_body, run_of
from tests.unit.task_satisfier.python.conftest import Write

Act = Callable[[Any, dict[str, Any]], Any]
STATES = {"S": {"do": "told.Do", "on": {"done": {}, "again": {"to": "S", "local": True}}}}


def unused() -> Any:
    pytest.fail("S3 was asked")


NO_BUCKET = ContextBucket(unused, None)


@pytest.fixture
def told(folder: Path, write: Write) -> Any:
    """The module `told`, whose actions do what a test puts under their names."""
    write(
        "told.py",
        "does = {}\n"
        "class Told(Action):\n"
        "    def execute(self, context, obj):\n"
        "        return does.get(type(self).__name__, lambda c, o: None)(context, obj)\n"
        "class Exit(Told): pass\nclass Transition(Told): pass\n"
        "class Entry(Told): pass\nclass Do(Told): pass\nclass Other(Told): pass\n",
    )
    from task_satisfier.executors.python.action_path import ActionPath

    ActionPath(str(folder)).find("told.Do")
    return sys.modules["told"]


@pytest.fixture
def invoke(folder: Path, told: Any) -> Callable[..., Any]:
    def invoke(
        does: Act | None = None, *, seconds: float = 60, sensitive: str = "", **given: Any
    ) -> Any:
        if does is not None:
            told.does["Do"] = does
        told_input = {
            "from": {"state": "pseudo_init", "event": "pseudo_init"},
            "to": "S",
            "states": STATES,
            "steps": 3,
            "retries": 1,
            "maxRetries": 5,
            "startedAt": 1_700_000_000_999,
            "fence": 2_000_001,
        } | given
        body = a_task_body("python", name="actions", stack_id="c", token="t")
        run = run_of(
            body | {"input": told_input}, seconds, sensitive_keys=frozenset({sensitive} - {""})
        )
        given_back = PythonExecutor(str(folder), NO_BUCKET).run(run)
        assert isinstance(given_back, Result)
        return given_back.body

    return invoke


def failing(call: Callable[[], Any]) -> TaskFailedError:
    with pytest.raises(TaskFailedError) as failed:
        call()
    return failed.value


# ---- what actions get


def test_an_action_gets_the_context_with_what_the_system_knows(invoke: Any) -> None:
    seen: dict[str, Any] = {}

    def look(context: Any, obj: Any) -> None:
        names = ("name", "correlation_id", "steps", "retries", "max_retries", "started_at")
        seen.update({name: getattr(context, name) for name in names})
        seen.update(at=(context.current_state, context.current_event), obj=obj)
        seen.update(values=(dict(context), context.user_context()))

    invoke(look, context={"a": 1})

    assert seen == {
        "name": "multi",
        "correlation_id": "c",
        "steps": 3,
        "retries": 1,
        "max_retries": 5,
        "started_at": 1_700_000_000,
        "at": ("S", "pseudo_init"),
        "obj": {"fence_token": 2_000_001},
        "values": ({"a": 1}, {"a": 1}),
    }


def test_exit_and_transition_actions_see_the_state_that_is_left(invoke: Any, told: Any) -> None:
    seen: list[tuple[str, str, str]] = []
    for name in ("Exit", "Transition", "Entry", "Do"):
        told.does[name] = lambda context, obj, name=name: seen.append(
            (name, context.current_state, context.current_event)
        )

    invoke(
        **{"from": {"state": "Old", "event": "go"}},
        exit="told.Exit",
        transition="told.Transition",
        states={"S": {"entry": "told.Entry", "do": "told.Do"}},
    )

    assert seen == [
        ("Exit", "Old", "go"),
        ("Transition", "Old", "go"),
        ("Entry", "S", "go"),
        ("Do", "S", "go"),
    ]


def test_what_came_with_an_outside_event_is_merged_first(invoke: Any) -> None:
    assert invoke(context={"a": 1, "b": {"c": 2}}, given={"b": {}, "d": 4})["context"] == {
        "a": 1,
        "b": {},
        "d": 4,
    }


def test_the_context_and_obj_go_from_action_to_action(invoke: Any, told: Any) -> None:
    def entry(context: Any, obj: Any) -> None:
        context["list"].append(1)
        obj["kept"] = object()

    told.does["Entry"] = entry

    def do(context: Any, obj: Any) -> str:
        context["seen"] = [*context["list"], "kept" in obj]
        return "done"

    body = invoke(do, states={"S": STATES["S"] | {"entry": "told.Entry"}}, context={"list": []})

    assert body == {"state": "S", "event": "done", "context": {"list": [1], "seen": [1, True]}}


def test_what_an_invocation_starts_from_is_never_changed(folder: Path, told: Any) -> None:
    told.does["Do"] = lambda context, obj: context["list"].append(len(context["list"]))
    given = {
        "from": {"state": "pseudo_init", "event": "pseudo_init"},
        "to": "S",
        "states": STATES,
        "context": {"list": []},
        "given": {"more": []},
    }
    run = run_of(a_task_body("python") | {"input": given})
    executor = PythonExecutor(str(folder), NO_BUCKET)

    first, second = executor.run(run), executor.run(run)

    assert first.body == second.body  # type: ignore[union-attr]  # results, as there is an input
    assert run.request.input == given


# ---- what is answered


def test_only_the_exit_action_is_run_where_there_is_no_target(invoke: Any, told: Any) -> None:
    told.does["Exit"] = lambda context, obj: context.update(left=True)

    body = invoke(**{"from": {"state": "S", "event": "pseudo_final"}}, to=None, exit="told.Exit")

    assert body == {"event": None, "context": {"left": True}}


def test_a_state_without_actions_has_no_event(invoke: Any) -> None:
    assert invoke(states={"S": {}}) == {"state": "S", "event": None, "context": {}}


@pytest.mark.parametrize("slot", ["exit", "transition", "entry"])
def test_what_other_actions_return_means_nothing(slot: str, invoke: Any, told: Any) -> None:
    told.does["Other"] = lambda context, obj: object()
    state: dict[str, Any] = {"on": {}}
    given = {} if slot == "entry" else {slot: "told.Other"}
    if slot == "entry":
        state["entry"] = "told.Other"

    assert invoke(states={"S": state}, **given)["event"] is None


@pytest.mark.parametrize("returned", ["done", "nosuch", 5, None])
def test_the_event_of_a_final_state_is_discarded(returned: Any, invoke: Any) -> None:
    states = {"S": STATES["S"] | {"final": True}}

    assert invoke(lambda context, obj: returned, states=states)["event"] is None


def test_local_transitions_are_made_in_the_same_invocation(invoke: Any, told: Any) -> None:
    ran: list[str] = []
    for name in ("Exit", "Transition", "Entry"):
        told.does[name] = lambda context, obj, name=name: ran.append(name)

    def do(context: Any, obj: Any) -> str:
        ran.append("Do")
        return "again" if ran.count("Do") < 3 else "done"

    state = {
        "entry": "told.Entry",
        "do": "told.Do",
        "exit": "told.Exit",
        "on": {"again": {"to": "S", "action": "told.Transition", "local": True}, "done": {}},
    }

    body = invoke(do, states={"S": state})

    assert body["event"] == "done"
    assert ran == ["Entry", "Do", *["Exit", "Transition", "Entry", "Do"] * 2]


def test_a_local_transition_may_end_in_another_state(invoke: Any) -> None:
    states = {
        "S": {"do": "told.Do", "on": {"go": {"to": "End", "local": True}}},
        "End": {"final": True},
    }

    body = invoke(lambda context, obj: "go", states=states)

    assert (body["state"], body["event"]) == ("End", None)


DELAYS = {42: 42, 1.5: 2, 0: None, -3: None, None: None}


@pytest.mark.parametrize(("delay", "answered"), DELAYS.items(), ids=map(str, DELAYS))
def test_a_delay_is_answered_in_whole_seconds(delay: Any, answered: Any, invoke: Any) -> None:
    assert invoke(lambda context, obj: obj.update(delay=delay)).get("delay") == answered


@pytest.mark.parametrize(
    "delay", ["42", True, float("nan"), float("inf"), 10**40, [1]], ids=lambda value: str(value)[:9]
)
def test_a_delay_that_is_none_fails(delay: Any, invoke: Any) -> None:
    failure = failing(lambda: invoke(lambda context, obj: obj.update(delay=delay)))

    assert failure.error == "InvalidDelay"


# ---- what fails


def test_an_exception_is_told_by_its_class_with_the_place_in_the_users_code(invoke: Any) -> None:
    def raises(context: Any, obj: Any) -> None:
        raise KeyError("order")

    failure = failing(lambda: invoke(raises))

    assert failure.error == "KeyError"
    assert str(failure).startswith("Action told.Do (do of S) raised KeyError: 'order'\n  told.py, ")
    assert "task_satisfier" not in str(failure)


def test_a_long_message_and_a_deep_trace_are_cut(invoke: Any) -> None:
    def raises(context: Any, obj: Any) -> None:
        raise RuntimeError("x" * 100_000)

    assert len(str(failing(lambda: invoke(raises)))) < 4_000


def test_an_exception_whose_text_cannot_be_had_is_a_failure_like_others(invoke: Any) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

    def raises(context: Any, obj: Any) -> None:
        raise Unspeakable

    assert failing(lambda: invoke(raises)).error == "Unspeakable"


def test_an_action_that_ends_the_process_does_not(invoke: Any) -> None:
    assert failing(lambda: invoke(lambda context, obj: sys.exit(1))).error == "SystemExit"


def test_sensitive_values_of_the_context_are_kept_out_of_causes(invoke: Any) -> None:
    def raises(context: Any, obj: Any) -> None:
        raise RuntimeError(f"login {context['password']} refused")

    failure = failing(
        lambda: invoke(raises, context={"password": "tr0ub4dor"}, sensitive="password")
    )

    assert "login (sensitive value) refused" in str(failure)
    assert "tr0ub4dor" not in str(failure)


def test_an_event_that_the_state_does_not_know_fails_with_those_it_knows(invoke: Any) -> None:
    failure = failing(lambda: invoke(lambda context, obj: "nosuch"))

    assert failure.error == "UnknownEvent"
    assert "event 'nosuch', which state 'S' does not know. It knows: again, done." in str(failure)


@pytest.mark.parametrize("returned", ["", 0, False, 5, ["done"], b"done"], ids=repr)
def test_what_is_no_event_fails(returned: Any, invoke: Any) -> None:
    assert failing(lambda: invoke(lambda context, obj: returned)).error == "InvalidEvent"


def test_no_action_begins_without_time(invoke: Any) -> None:
    with pytest.raises(OutOfTimeError):
        invoke(lambda context, obj: pytest.fail("it was run"), seconds=0)


def test_a_local_loop_without_an_end_ends_with_the_time(folder: Path, told: Any) -> None:
    left = iter(range(20, -1, -1))
    told.does["Do"] = lambda context, obj: "again"
    given = {"from": {"state": "S", "event": "e"}, "to": "S", "states": STATES}
    run = run_of(a_task_body("python") | {"input": given})
    ticking = type(run)(run.request, lambda: next(left))

    with pytest.raises(OutOfTimeError):
        PythonExecutor(str(folder), NO_BUCKET).run(ticking)


BAD_CONTEXTS: dict[str, tuple[Any, str]] = {
    "an object": ({"error": Exception("secret")}, "context['error'] is of type Exception"),
    "a tuple": ({"a": [0, 1, 2, (1,)]}, "context['a'][3] is of type tuple, which is not JSON; use"),
    "a set": ({"a": {"b": {1}}}, "context['a']['b'] is of type set, which is not JSON; use a list"),
    "bytes": ({"a": b"x"}, "context['a'] is of type bytes"),
    "NaN": ({"a": float("nan")}, "context['a'] is not a finite number"),
    "infinity": ({"a": float("-inf")}, "context['a'] is not a finite number"),
    "a huge number": ({"a": 10**38}, "context['a'] is a number of more than 38 digits"),
    "half of a pair": ({"a": "\ud800"}, "context['a'] holds half of a surrogate pair"),
    "a key that is a number": ({"a": {1: 2}}, "context['a'] has a key of type int; use text"),
    "a key that is nothing": ({None: 2}, "context has a key of type NoneType; use text"),
    "a key with half of a pair": ({"\udfff": 2}, "context has a key with half"),
}


@pytest.mark.parametrize(("left", "told_of"), BAD_CONTEXTS.values(), ids=BAD_CONTEXTS)
def test_a_context_that_is_not_json_fails_with_the_path(
    left: dict[str, Any], told_of: str, invoke: Any
) -> None:
    failure = failing(lambda: invoke(lambda context, obj: context.update(left)))

    assert failure.error == "NotSerializable"
    assert f"Action told.Do (do of S) left a context that is not JSON: {told_of}" in str(failure)
    assert "secret" not in str(failure)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_a_context_is_as_deep_as_messages_can_carry(invoke: Any) -> None:
    assert invoke(lambda context, obj: context.update(a=nested(MAX_CONTEXT_LEVELS - 1)))


@pytest.mark.parametrize("levels", [MAX_CONTEXT_LEVELS, 50_000])
def test_a_deeper_one_fails(levels: int, invoke: Any) -> None:
    failure = failing(lambda: invoke(lambda context, obj: context.update(a=nested(levels))))

    assert failure.error == "NotSerializable"
    assert "is nested too deeply" in str(failure)


def test_a_context_that_holds_itself_fails(invoke: Any) -> None:
    def hold(context: Any, obj: Any) -> None:
        inner: dict[str, Any] = {}
        inner["self"] = inner
        context["inner"] = inner

    assert "nested too deeply" in str(failing(lambda: invoke(hold)))


def test_a_text_of_a_subclass_is_not_taken_for_text(invoke: Any) -> None:
    class Colour(str):
        pass

    failure = failing(lambda: invoke(lambda context, obj: context.update(a=Colour("red"))))

    assert "context['a'] is of type Colour" in str(failure)


def test_a_large_context_without_a_bucket_fails_with_what_to_set(invoke: Any) -> None:
    failure = failing(lambda: invoke(lambda context, obj: context.update(a="x" * 100_000)))

    assert failure.error == "ContextTooLarge"
    assert "has 100008 bytes as JSON, and messages carry at most 100000" in str(failure)
    assert "Set CONTEXT_BUCKET" in str(failure)


def test_the_largest_context_of_a_message_needs_none(invoke: Any) -> None:
    body = invoke(lambda context, obj: context.update(a="x" * (100_000 - len('{"a":""}'))))

    assert len(json.dumps(body["context"], separators=(",", ":"))) == 100_000


def test_without_actions_path_it_says_how_to_set_it() -> None:
    given = {"from": {"state": "S", "event": "e"}, "to": "S", "states": STATES}
    run = run_of(a_task_body("python") | {"input": given})

    failure = failing(lambda: PythonExecutor(None, NO_BUCKET).run(run))

    assert "Set ACTIONS_PATH" in str(failure)


BAD_INPUTS = {
    "nothing": ({}, "from"),
    "a state that is a number": ({"from": {"state": 1, "event": "e"}}, "from"),
    "states that are a list": ({"from": {"state": "S", "event": "e"}, "states": []}, "states"),
    "a target of which nothing is said": (
        {"from": {"state": "S", "event": "e"}, "to": "Gone"},
        "'Gone'",
    ),
}


@pytest.mark.parametrize(("given", "told_of"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_an_input_that_cannot_be_read_fails(
    given: dict[str, Any], told_of: str, folder: Path
) -> None:
    run = run_of(a_task_body("python") | {"input": given})

    assert told_of in str(failing(lambda: PythonExecutor(str(folder), NO_BUCKET).run(run)))


# ---- machines that actions start


def test_machines_that_actions_start_are_a_part_of_the_answer(invoke: Any) -> None:
    def start(context: Any, obj: Any) -> str:
        inner: dict[str, Any] = {"list": []}
        assert start_state_machine("Example", inner, "one") == "one"
        inner["list"].append("later")
        start_state_machine("Example", context, "two", "First", "done", 7)
        return "done"

    body = invoke(start, context={"a": 1})

    assert body["starts"] == [
        {"machine": "Example", "stackId": "one", "context": {"list": []}},
        {
            "machine": "Example",
            "stackId": "two",
            "context": {"a": 1},
            "state": "First",
            "currentEvent": "done",
            "additionalDelaySeconds": 7,
        },
    ]


def test_a_machine_without_an_id_gets_one(invoke: Any) -> None:
    made: list[str] = []

    body = invoke(lambda context, obj: made.append(start_state_machine("Example", {})))

    assert [start["stackId"] for start in body["starts"]] == made


def test_an_invocation_that_fails_starts_nothing(invoke: Any) -> None:
    def start(context: Any, obj: Any) -> None:
        start_state_machine("Example", {}, "one")
        raise RuntimeError

    failing(lambda: invoke(start))

    assert "starts" not in invoke(lambda context, obj: None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("Example", {"a": {1}}), NotSerializableError),
        (("", {}), InvalidMessageError),
        (("Example", {}, "x" * 300), InvalidMessageError),
        (("Example", {}, "a", "First"), InvalidMessageError),
        (("Example", {}, "a", None, None, -1), InvalidMessageError),
    ],
    ids=["no JSON", "no name", "a long id", "half a place", "a negative delay"],
)
def test_a_start_that_cannot_work_raises_where_it_is_asked_for(
    arguments: Any, error: type[Exception], invoke: Any
) -> None:
    def start(context: Any, obj: Any) -> None:
        with pytest.raises(error):
            start_state_machine(*arguments)

    assert "starts" not in invoke(start)


def test_more_machines_than_an_answer_can_carry_fail(invoke: Any) -> None:
    def start(context: Any, obj: Any) -> None:
        for _ in range(400):
            start_state_machine("Example", {})

    failure = failing(lambda: invoke(start))

    assert failure.error == "TooManyStarts"
    assert "400 machines" in str(failure)


def test_an_answer_fits_into_a_message_whatever_is_in_it(invoke: Any) -> None:
    def start(context: Any, obj: Any) -> None:
        context["a"] = "ü" * 16_000
        for _ in range(200):
            start_state_machine("Example", {"a": "x" * 220})

    assert len(json.dumps(invoke(start))) < MESSAGE_BYTES - 10_000


# ---- a task of a CloudSeam machine


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ({"size": 3}, {"size": 3}),
        (None, {}),
        ("text", {"result": "text"}),
        (0, {"result": 0}),
        ([1], {"result": [1]}),
        (False, {"result": False}),
    ],
    ids=repr,
)
def test_what_the_action_of_a_task_returns_becomes_outputs(
    returned: Any, outputs: Any, folder: Path, told: Any
) -> None:
    seen: list[Any] = []

    def do(context: Any, obj: Any) -> Any:
        seen.append(dict(context))
        return returned

    told.does["Do"] = do
    config = {"action": "told.Do", "args": {"tier": "web"}}
    run = run_of(a_task_body("python", config, metadata={"size": 3}))

    assert PythonExecutor(str(folder), NO_BUCKET).run(run) == outputs
    assert seen == [{"metadata": {"size": 3}, "args": {"tier": "web"}}]


def test_a_task_that_returns_what_is_not_json_fails(folder: Path, told: Any) -> None:
    told.does["Do"] = lambda context, obj: {"when": {1}}
    run = run_of(a_task_body("python", {"action": "told.Do"}))

    failure = failing(lambda: PythonExecutor(str(folder), NO_BUCKET).run(run))

    assert failure.error == "NotSerializable"
    assert "result['when'] is of type set" in str(failure)


TOO_MUCH = {
    "too many bytes": {"a": "x" * 32_000},
    "too deep": {"a": nested(30)},
    "a number out of range": {"a": 1e-200},
    "an empty key": {"": 1},
}


@pytest.mark.parametrize("returned", TOO_MUCH.values(), ids=TOO_MUCH)
def test_outputs_that_a_stack_cannot_keep_fail(returned: Any, folder: Path, told: Any) -> None:
    told.does["Do"] = lambda context, obj: returned
    run = run_of(a_task_body("python", {"action": "told.Do"}))

    failure = failing(lambda: PythonExecutor(str(folder), NO_BUCKET).run(run))

    assert failure.error == "InvalidOutputs"


def test_a_start_with_the_deepest_context_can_be_answered_and_sent(invoke: Any) -> None:
    deep = {"a": nested(MAX_CONTEXT_LEVELS - 1)}

    body = invoke(lambda context, obj: start_state_machine("m", deep, "one") and None)

    answer = {"event": "TASK_COMPLETED", "stackId": "c", "task": {"name": "a"}, "result": body}
    assert parse_event(json.dumps(answer), "m").name == "TASK_COMPLETED"


def test_a_task_without_an_action_fails(folder: Path) -> None:
    run = run_of(a_task_body("python", {"args": {}}))

    failure = failing(lambda: PythonExecutor(str(folder), NO_BUCKET).run(run))

    assert "`config.action` is missing" in str(failure)
