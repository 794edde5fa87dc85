"""Both functions over emulated AWS: what one sends, the other handles in its next invocation."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.record import Context
from task_satisfier import app, clients
from tests.builders import a_delivery
from tests.emulated import EmulatedAws
from tests.function import StateMachineFunction, a_record, state_machine_function


class BothFunctions:
    """The state machine function with the satisfier that answers it."""

    def __init__(self, aws: EmulatedAws, function: StateMachineFunction) -> None:
        self.function = function
        self._aws = aws

    def send(self, *bodies: Mapping[str, Any]) -> None:
        """One invocation of the state machine function, which takes all of them."""
        outcomes = self.function.deliver(*(a_delivery(dict(body)) for body in bodies))
        assert [str(outcome.error) for outcome in outcomes] == ["None"] * len(bodies)

    def satisfy(self) -> bool:
        """One invocation of the satisfier, with all that has been asked for, if anything was."""
        asked = self.function.tasks()
        if asked:
            self.satisfy_these(asked)
        return bool(asked)

    def satisfy_these(self, asked: Sequence[dict[str, Any]]) -> None:
        """One invocation of the satisfier, with these task messages."""
        records = [a_record(a_delivery(body)) for body in asked]
        answer = app.lambda_handler({"Records": records}, Context())
        assert answer["batchItemFailures"] == []

    def answers(self) -> Sequence[str]:
        """What the satisfier has answered since the last look."""
        return [message["Body"] for message in self._aws.received(self.function.events_url)]

    def apply_answers(self) -> None:
        """One invocation of the state machine function, with all answers."""
        self.apply(self.answers())

    def apply(self, answers: Sequence[str]) -> None:
        """One invocation of the state machine function, with these answers."""
        self.function.deliver(*map(a_delivery, answers))

    def settle(self) -> None:
        """Invokes one after the other until nothing is asked for."""
        while self.satisfy():
            self.apply_answers()


@contextmanager
def both_functions(
    aws: EmulatedAws, machines: Path, actions: Path, writes: str = "single"
) -> Iterator[BothFunctions]:
    """Both with a table and queues of their own; of the actions nothing stays imported."""
    path, modules = list(sys.path), set(sys.modules)
    with (
        state_machine_function(aws, machines, DYNAMODB_WRITES=writes) as function,
        with_satisfier(aws, function, ACTIONS_PATH=str(actions)) as both,
    ):
        yield both
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(actions)):
            del sys.modules[name]


@contextmanager
def with_satisfier(
    aws: EmulatedAws, function: StateMachineFunction, **settings: str
) -> Iterator[BothFunctions]:
    """A state machine function, with a satisfier of its own beside it."""
    with patch.dict("os.environ", {"SQS_TASK_DLQ_URL": aws.queue(), **settings}):
        _forget_satisfier()
        yield BothFunctions(aws, function)
    _forget_satisfier()


def _forget_satisfier() -> None:
    for made in (app.settings, app.satisfier, app.dead_letters, clients.sqs_client):
        made.cache_clear()
