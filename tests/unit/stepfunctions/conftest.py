"""An engine in memory, and its calls."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from tests.stepfunctions import IdleExecutors

Call = Callable[..., dict[str, Any]]
Refused = Callable[..., tuple[str, str]]
MakeMachine = Callable[..., str]
ROLE = "arn:aws:iam::000000000000:role/r"


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine without tasks."""
    engine = Engine(":memory:", IdleExecutors())
    yield engine
    engine.close()


@pytest.fixture
def call(engine: Engine) -> Call:
    """`call("StartExecution", name=…)`."""
    return lambda operation, **told: api.call(engine, operation, told)


@pytest.fixture
def refused(engine: Engine) -> Callable[..., tuple[str, str]]:
    """The same for a call that is refused: the error's name and text."""

    def refused(operation: str, **told: Any) -> tuple[str, str]:
        with pytest.raises(ApiFault) as fault:
            api.call(engine, operation, told)
        return fault.value.name, fault.value.message

    return refused


@pytest.fixture
def machine(call: Call) -> Callable[..., str]:
    """Makes a state machine of states, the first of which it starts at; its ARN."""

    def machine(states: Mapping[str, Any], name: str = "m", **told: Any) -> str:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        made = call("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, **told)
        return str(made["stateMachineArn"])

    return machine
