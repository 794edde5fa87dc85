"""Machines in Amazon States Language in the simulation, and how their executions end.

What a task gives back follows from what it is given, however often it is tried. So an execution has
the output that it has when nothing goes wrong, whatever does.
"""

import json
from functools import cache
from typing import Any, NamedTuple

from cloudseam.languages import load_machine
from cloudseam.languages.asl.execution import Status
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.machine import AslMachine
from tests.asl_player import Failure, Player

PLACE = "arn:aws:states:us-east-1:000000000000"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
NEST = "arn:aws:states:::states:startExecution.sync:2"
REFUSED = "Refused"
# Whatever a fault may cost is tried again until it is done; what a function refuses never is.
RETRY = [
    {"ErrorEquals": [REFUSED], "MaxAttempts": 0},
    {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 2,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 40,
        "MaxAttempts": 99,
    },
]
# What a language keeps of a stack is kept beside its row where it has more bytes than these.
OWN_MEMORY_BYTES, PIECE_CHARACTERS = 2_500, 1_500
# How long what has ended is kept.
KEPT_MS = 4 * 3_600_000


def _task(function: str, **fields: Any) -> dict[str, Any]:
    """A task that does not fail for good, unless its function refuses it."""
    task = {"Type": "Task", "Resource": f"{FUNCTION}{function}", "Retry": RETRY}
    return {**task, "TimeoutSeconds": 90, **fields}


def _line(*states: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """States that follow each other, unless one says where it leads to."""
    named = dict(states)
    for (name, state), following in zip(states, [*states[1:], None], strict=True):
        if not {"Next", "End", "Choices"} & state.keys() and state["Type"] not in ENDS:
            named[name] = state | ({"Next": following[0]} if following else {"End": True})
    return {"StartAt": states[0][0], "States": named, **fields}


ENDS = ("Succeed", "Fail")
ADD = _task("add")
CATCH = [{"ErrorEquals": [REFUSED], "Next": "Refuse"}]
WEIGH = _line(
    ("Weigh", _task("weigh", Catch=CATCH, End=True)),
    ("Refuse", {"Type": "Pass", "Result": "refused"}),
)


def _more(then: str, otherwise: str) -> dict[str, Any]:
    """Goes one way until the input's `n` is what `of` says, then the other."""
    more = {"Variable": "$.n", "NumericLessThanPath": "$.of", "Next": then}
    return {"Type": "Choice", "Choices": [more], "Default": otherwise}


def _map(processor: dict[str, Any], mode: str = "INLINE", **fields: Any) -> dict[str, Any]:
    config: dict[str, Any] = {"Mode": mode}
    if mode == "DISTRIBUTED":
        config["ExecutionType"] = "STANDARD"
    return {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": {"ProcessorConfig": config, **processor},
        **fields,
    }


DEFINITIONS: dict[str, dict[str, Any]] = {
    # A loop with waits, branches side by side, and items two at a time.
    "orders": _line(
        ("Add", ADD),
        ("More", _more("Pause", "Sort")),
        ("Pause", {"Type": "Wait", "Seconds": 7, "Next": "Add"}),
        (
            "Sort",
            {
                "Type": "Parallel",
                "ResultPath": "$.sorted",
                "Branches": [
                    _line(("Look", ADD)),
                    _line(("Later", {"Type": "Wait", "Seconds": 20}), ("Late", ADD)),
                    _line(("Nothing", {"Type": "Pass", "Result": 1})),
                ],
            },
        ),
        ("Each", _map(WEIGH, MaxConcurrency=2, ResultPath="$.weighed")),
    ),
    # Others are asked, by a token and by an execution of another machine.
    "asking": _line(
        (
            "Ask",
            {
                "Type": "Task",
                "Resource": ASK,
                "Parameters": {
                    "QueueUrl": "asked",
                    "MessageBody": {"token.$": "$$.Task.Token", "n.$": "$.n"},
                },
                "TimeoutSeconds": 200,
                "HeartbeatSeconds": 45,
                "Retry": RETRY,
                "ResultPath": "$.asked",
            },
        ),
        (
            "Nest",
            {
                "Type": "Task",
                "Resource": NEST,
                "Parameters": {
                    "StateMachineArn": f"{PLACE}:stateMachine:nested",
                    "Input": {"n.$": "$.asked.n"},
                },
                "ResultSelector": {"output.$": "$.Output"},
                "Retry": RETRY,
                "ResultPath": "$.nested",
            },
        ),
        ("Add", ADD),
    ),
    "nested": _line(("Add", ADD)),
    # One branch fails while the others are at it; what they answer comes too late. Twice over.
    "failing": _line(
        (
            "Try",
            {
                "Type": "Parallel",
                "Catch": [{"ErrorEquals": [REFUSED], "Next": "Add", "ResultPath": "$.caught"}],
                "Branches": [
                    _line(("Soon", {"Type": "Wait", "Seconds": 4}), ("Veto", _task("refuse"))),
                    _line(("First", ADD), ("Second", ADD)),
                    _line(("Each", _map(WEIGH, MaxConcurrency=2))),
                ],
            },
        ),
        ("Add", ADD),
        ("More", _more("Try", "Wrong?")),
        (
            "Wrong?",
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.wrong", "BooleanEquals": True, "Next": "Wrong"}],
                "Default": "Right",
            },
        ),
        ("Wrong", {"Type": "Fail", "Error": "Wrong", "Cause": "It was told to be."}),
        ("Right", {"Type": "Succeed"}),
    ),
    # It may take too long.
    "limited": _line(
        ("Add", ADD),
        ("More", _more("Pause", "Done")),
        ("Pause", {"Type": "Wait", "Seconds": 15, "Next": "Add"}),
        ("Done", {"Type": "Succeed"}),
        TimeoutSeconds=60,
    ),
    # It grows, and shrinks, and grows.
    "large": _line(
        ("Grow", _map(_line(("Swell", _task("swell"))), MaxConcurrency=3, ResultPath="$.text")),
        ("Shrink", {"Type": "Pass", "Result": "small", "ResultPath": "$.text"}),
        (
            "Apart",
            _map(
                _line(("Stay", _task("swell_or_refuse"))),
                "DISTRIBUTED",
                ToleratedFailurePercentage=100,
                MaxConcurrency=2,
                ResultPath="$.apart",
            ),
        ),
        ("Add", ADD),
    ),
}
EXECUTED = ("orders", "asking", "failing", "limited", "large")
# What the files of these may change to.
CHANGED = ("orders", "asking")


def _changed(definition: dict[str, Any]) -> dict[str, Any]:
    """The same, with a state more at the end."""
    *_, last = definition["States"]
    before = {name: value for name, value in definition["States"][last].items() if name != "End"}
    mark = {"Type": "Pass", "Result": 2, "ResultPath": "$.version", "End": True}
    states = {**definition["States"], last: {**before, "Next": "Mark"}, "Mark": mark}
    return {**definition, "States": states}


def _machine(name: str, definition: dict[str, Any]) -> AslMachine:
    machine = load_machine(name, json.dumps(definition), f"{name}.asl.json")
    assert isinstance(machine, AslMachine)
    return machine


def _versions(name: str, definition: dict[str, Any]) -> tuple[AslMachine, ...]:
    first = _machine(name, definition)
    return (first, _machine(name, _changed(definition))) if name in CHANGED else (first,)


MACHINES = {name: _versions(name, definition) for name, definition in DEFINITIONS.items()}
BY_DIGEST = {machine.digest: machine for versions in MACHINES.values() for machine in versions}


def answer_of(function: str, told: Any) -> Any:
    """What a function makes of what it is given.

    Raises:
        Failure: it refuses it, now and always.
    """
    if function == "add":
        return {**told, "n": told["n"] + 1}
    if function == "refuse" or (function != "swell" and told % 4 == 3):
        raise Failure(REFUSED, text_of({"errorType": REFUSED, "errorMessage": "Not this one."}))
    return f"{told} weighs {told * told}" if function == "weigh" else f"{told}" * 700


def asked_of(told: Any) -> Any:
    """What whoever is asked by a token answers."""
    return {"n": told["n"] + 10}


class End(NamedTuple):
    """How an execution ends."""

    status: str
    output: Any
    error: str | None
    cause: str | None


def undisturbed(digest: str, told: Any) -> End:
    """How an execution on that version of a machine ends when nothing goes wrong, and tasks take no
    time."""
    return _undisturbed(digest, json.dumps(told))


@cache
def _undisturbed(digest: str, told: str) -> End:
    definition = BY_DIGEST[digest].definition
    played = Player(definition, json.loads(told), worker_of=_worker_of).play().execution
    assert played.status is not Status.RUNNING
    return End(played.status.value, played.output, played.error, played.cause)


def _worker_of(resource: str) -> Any:
    if resource == ASK:
        return lambda told: asked_of(told["MessageBody"])
    if resource == NEST:
        (nested,) = MACHINES["nested"]
        return lambda told: {"Output": undisturbed(nested.digest, told["Input"]).output}
    return lambda told: answer_of(resource.removeprefix(FUNCTION), told)
