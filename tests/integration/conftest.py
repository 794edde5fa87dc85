"""The state machine function over emulated AWS, for tests of its entry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counted_calls import Calls, counted_calls
from tests.emulated import EmulatedAws, emulated_aws
from tests.function import StateMachineFunction, state_machine_function

BRANCH = (Path(__file__).parents[1] / "corpus" / "machines" / "branch.yml").read_text()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    """An emulated AWS."""
    with emulated_aws() as aws:
        _ = (aws.dynamodb, aws.sqs)  # made before any call is counted
        yield aws


@pytest.fixture
def calls(aws: EmulatedAws) -> Iterator[Calls]:
    """What the function calls; the test's own clients are not counted."""
    with counted_calls() as calls:
        yield calls


@pytest.fixture
def function(aws: EmulatedAws, tmp_path: Path) -> Iterator[StateMachineFunction]:
    """The function with the machine `branch`."""
    with state_machine_function(aws, tmp_path) as function:
        function.put_machine("branch", BRANCH)
        yield function
