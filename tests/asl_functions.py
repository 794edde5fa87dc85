"""Both functions with machines in Amazon States Language: their tasks are answered by a stand-in
for Lambda, and their timers come when the test says."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cloudseam.event import START, TIMER_DUE
from cloudseam.stack import Stack
from state_machine import app
from task_satisfier import clients
from tests.both_functions import BothFunctions, with_satisfier
from tests.builders import FakeClock
from tests.emulated import EmulatedAws
from tests.function import state_machine_function
from tests.lambda_stand_in import Behaviour, LambdaStandIn
from tests.postgres import PostgresServer
from tests.postgres_function import postgres_function

ACCOUNT = "123456789012"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"


@dataclass
class AslFunctions:
    """A stack's life on both functions. `lambdas` has what its tasks have called."""

    both: BothFunctions
    clock: FakeClock
    lambdas: LambdaStandIn
    load: Callable[[str], Stack | None]

    def put_machine(self, text: str, name: str = "m", suffix: str = ".asl.yml") -> None:
        """Writes a machine's file."""
        (self.both.function.machines / f"{name}{suffix}").write_text(text)

    def start(self, given: Any = None, stack: str = "s", **fields: Any) -> None:
        """One invocation with a START, and what comes of it until nothing is asked for."""
        self.both.send(start(given, stack, **fields))
        self.both.settle()

    def send(self, event: str, stack: str = "s", **fields: Any) -> None:
        """One invocation with an event, and what comes of it."""
        self.both.send({"stackId": stack, "event": event, **fields})
        self.both.settle()

    def pass_time(self, seconds: float, stack: str = "s") -> None:
        """Lets so much time pass, and has the timer's message come."""
        timers = self.stack(stack).timers
        self.clock.move_on(seconds)
        self.send(TIMER_DUE, stack, at=min(timers))

    def stack(self, name: str = "s") -> Stack:
        """The stack as it is stored."""
        found = self.load(name)
        assert found is not None
        return found

    def execution(self, name: str = "s") -> Mapping[str, Any]:
        """What the language keeps of it."""
        told: Mapping[str, Any] = self.stack(name).memory["execution"]
        return told

    def log(self, name: str = "s") -> Sequence[Mapping[str, Any]]:
        """The events of its history."""
        return app.store().stacks.log(name, self.stack(name).version)

    def places(self, name: str = "s") -> list[str]:
        """The states that its threads are in."""
        return [thread["state"] for thread in self.execution(name)["threads"].values()]

    def ended(self, name: str = "s") -> tuple[str, Any]:
        """Its status, and its output or its error and cause."""
        told = self.execution(name)
        failed = (told["error"], told["cause"])
        return told["status"], failed if any(failed) else told["output"]


def start(given: Any = None, stack: str = "s", **fields: Any) -> dict[str, Any]:
    """The body of a START."""
    body = {"stackId": stack, "machine": "m", "event": START, "eventId": f"start/{stack}"}
    return {**body, "input": {} if given is None else given, **fields}


@contextmanager
def asl_functions(
    aws: EmulatedAws,
    machines: Path,
    behaviours: Mapping[str, Behaviour],
    server: PostgresServer | None = None,
    **settings: str,
) -> Iterator[AslFunctions]:
    """Both, with everything new around them, over DynamoDB or a server of PostgreSQL."""
    clock, lambdas = FakeClock(), LambdaStandIn(behaviours, ACCOUNT)
    made = clients.service_client

    def client_for(service: str, wait: float) -> Any:
        return lambdas.client if service == "lambda" else made(service, wait)

    with ExitStack() as open_now:
        open_now.enter_context(patch.object(clients, "service_client", client_for))
        if server is None:
            function = open_now.enter_context(
                state_machine_function(aws, machines, clock, **settings)
            )
            load = function.stack
        else:
            kept = open_now.enter_context(postgres_function(aws, server, machines, clock))
            function, load = kept.function, kept.stack
        both = open_now.enter_context(with_satisfier(aws, function))
        yield AslFunctions(both, clock, lambdas, load)
