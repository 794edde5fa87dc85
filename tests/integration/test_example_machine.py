"""The sample machine of actions over both functions: which actions run in which invocation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.both_functions import BothFunctions, both_functions
from tests.emulated import EmulatedAws

MACHINES = Path(__file__).parents[2] / "machines"


@pytest.fixture
def functions(aws: EmulatedAws) -> Iterator[BothFunctions]:
    with both_functions(aws, MACHINES, MACHINES / "actions") as functions:
        yield functions


def start(**context: Any) -> dict[str, Any]:
    return {
        "stackId": "s",
        "machine": "Example",
        "event": "START",
        "eventId": "start/s",
        "context": context,
    }


def invocations(functions: BothFunctions, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """What the actions said, invocation by invocation, until nothing is asked for any more."""
    found = []
    capsys.readouterr()
    while functions.satisfy():
        said = capsys.readouterr().out.splitlines()
        found.append([line.removeprefix("s: ") for line in said if line.startswith("s: ")])
        functions.apply_answers()
        capsys.readouterr()
    return found


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(
            {},
            [
                ["Action1 in FirstState", "Action2 in FirstState"],
                ["Action3 in FirstState", "Action4 in SecondState", "Action5 in SecondState"],
                ["Action6 in SecondState", "Action7 in ThirdState", "Action8 in ThirdState"],
                ["Action9 in ThirdState"],
            ],
            id="done",
        ),
        pytest.param(
            {"way": "skip"},
            [
                ["Action1 in FirstState", "Action2 in FirstState"],
                ["Action3 in FirstState", "Action7 in ThirdState", "Action8 in ThirdState"],
                ["Action9 in ThirdState"],
            ],
            id="skip",
        ),
    ],
)
def test_each_invocation_runs_these_actions_in_this_order(
    functions: BothFunctions,
    capsys: pytest.CaptureFixture[str],
    context: dict[str, Any],
    expected: list[list[str]],
) -> None:
    functions.send(start(**context))

    assert invocations(functions, capsys) == expected
    stack = functions.function.stack()
    assert stack is not None
    assert stack.is_removed


def test_a_machine_that_waits_goes_on_with_an_event_from_outside_and_what_it_brings(
    functions: BothFunctions, capsys: pytest.CaptureFixture[str]
) -> None:
    functions.send(start(way=None))
    first = invocations(functions, capsys)
    parked = functions.function.stack()
    functions.send({"stackId": "s", "event": "skip", "eventId": "e", "context": {"more": 1}})
    moved = functions.function.stack()
    rest = invocations(functions, capsys)

    assert first == [["Action1 in FirstState", "Action2 in FirstState"]]
    assert parked is not None
    assert (parked.state, parked.is_satisfied) == ("FirstState", True)
    assert moved is not None
    assert moved.memory["given"] == {"more": 1}
    assert rest[0] == [
        "Action3 in FirstState",
        "Action7 in ThirdState",
        "Action8 in ThirdState",
    ]
