"""What a transition of a machine of actions costs in calls of AWS, over both functions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.both_functions import BothFunctions, both_functions
from tests.counted_calls import Calls, counted_calls
from tests.emulated import EmulatedAws

MACHINES = Path(__file__).parents[2] / "machines"


@pytest.fixture
def functions(on_emulator: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[BothFunctions]:
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", 60)  # whoever else is at work here
    aws = EmulatedAws()
    _ = (aws.dynamodb, aws.sqs)  # made before any call is counted
    with both_functions(aws, MACHINES, MACHINES / "actions", writes="batched") as functions:
        yield functions


@pytest.fixture
def calls(functions: BothFunctions) -> Iterator[Calls]:
    """What both call once the machine is kept and they are warm; a test's calls do not count."""
    with counted_calls() as calls:
        functions.send(start("first"))
        functions.satisfy()
        functions.apply_answers()
        functions.satisfy()
        functions.answers()
        calls.taken()
        yield calls


def start(stack: str) -> dict[str, Any]:
    return {"stackId": stack, "machine": "Example", "event": "START", "eventId": f"start/{stack}"}


@pytest.mark.parametrize(
    ("stacks", "of_satisfier", "of_state_machine"),
    [
        pytest.param(
            1,
            {"PutItem": 1, "SendMessageBatch": 1},
            {"BatchGetItem": 1, "PutItem": 1, "SendMessageBatch": 1},
            id="1",
        ),
        pytest.param(
            10,
            {"PutItem": 10, "SendMessageBatch": 1},
            {"BatchGetItem": 1, "BatchExecuteStatement": 1, "SendMessageBatch": 1},
            id="10",
        ),
    ],
)
def test_a_transition_of_so_many_stacks_costs_so_many_calls(
    calls: Calls,
    functions: BothFunctions,
    stacks: int,
    of_satisfier: dict[str, int],
    of_state_machine: dict[str, int],
) -> None:
    functions.send(*(start(f"s{number}") for number in range(stacks)))
    assert calls.taken() == of_state_machine

    for _ in range(2):
        asked = functions.function.tasks()
        assert len(asked) == stacks
        functions.satisfy_these(asked)
        assert calls.taken() == of_satisfier
        functions.apply_answers()
        assert calls.taken() == of_state_machine
