"""Who does the tasks of executions in the simulation: Lambda, whoever is asked by a token, and Step
Functions. Each takes its time and fails now and then.
"""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.session import get_session

from cloudseam.event import START, TASK_COMPLETED, TASK_ERROR, TASK_HEARTBEAT
from cloudseam.languages.asl.execution import Status
from cloudseam.languages.asl.json_text import text_of
from cloudseam.task_token import TaskToken, read_token
from task_satisfier.executors import Result, TaskFailedError, TaskRun
from task_satisfier.executors.states.executor import StatesExecutor
from tests.asl_player import Failure
from tests.simulation.executions import FUNCTION, PLACE, answer_of, asked_of
from tests.simulation.faults import FAILURES, Kind
from tests.simulation.record import Run, Sent

if TYPE_CHECKING:
    from tests.simulation.system import System
    from tests.simulation.world import World


class ExecutionTasks:
    """The executor itself, over services that take their time and fail now and then."""

    def __init__(self, system: System) -> None:
        self.workers = Workers(system)
        services = {
            "lambda": Functions(system),
            "sqs": AskedQueue(system, self.workers),
            "stepfunctions": Nested(system),
        }
        self._executor = StatesExecutor(lambda service, seconds: services[service])

    def work(self, run: TaskRun, seen: Run) -> Result:
        """One attempt, which is noted."""
        try:
            result = self._executor.run(run)
        except TaskFailedError:
            seen.ended = "failed"
            raise
        seen.ended = "done"
        return result


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


class Service:
    """A client of a service, as far as it is called. Every call is an I/O."""

    name = ""

    def __init__(self, system: System) -> None:
        self.system = system
        self.world = system.world
        self.meta = self

    @property
    def service_model(self) -> Any:
        """What boto3 knows of the service."""
        return _model(self.name)

    def enter(self, what: str, ms: int | None = None) -> Kind | None:
        """A call, up to its effect.

        Raises:
            ClientError: it has none.
        """
        kind = self.world.enter(what, ms=ms)
        if kind in (Kind.FAIL_BEFORE, Kind.FAIL_PARTLY):
            raise _refused()
        return kind

    def leave(self, kind: Kind | None) -> None:
        """The end of a call.

        Raises:
            ClientError: nobody hears of its effect.
        """
        self.world.leave(kind)
        if kind in FAILURES:
            raise _refused()


def _refused(code: str = "Throttling") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Simulated"}}, "Call")


ANSWERED = {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RequestId": "r"}}


class Functions(Service):
    """Lambda. A function takes its time, and fails now and then."""

    name = "lambda"

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self._to_fail = set(system.setup.failing_first)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # AWS's names
        """See Lambda."""
        setup, chance = self.system.setup, self.world.process().chance
        is_slow = chance.random() < setup.slow
        ms = chance.whole(20_000, setup.longest_task_ms) if is_slow else chance.whole(50, 6_000)
        function = FunctionName.removeprefix(FUNCTION)
        kind = self.enter(f"invoke {function}", ms)
        answer: dict[str, Any] = dict(ANSWERED)
        try:
            if function in self._to_fail or chance.random() < setup.failing:
                self._to_fail.discard(function)
                raise Failure("Flaky", text_of({"errorType": "Flaky"}))
            answer["Payload"] = BytesIO(text_of(answer_of(function, json.loads(Payload))).encode())
        except Failure as failed:
            answer |= {"Payload": BytesIO(str(failed.cause).encode()), "FunctionError": "Unhandled"}
        self.leave(kind)
        return answer


class AskedQueue(Service):
    """SQS, and whoever reads what is sent there: each message has a token to answer with."""

    name = "sqs"

    def __init__(self, system: System, workers: Workers) -> None:
        super().__init__(system)
        self._workers = workers

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:
        """See SQS."""
        kind = self.enter("ask by a token")
        told = json.loads(MessageBody)
        self._workers.take(read_token(told["token"]), told)
        self.leave(kind)
        return {"MessageId": "m"} | ANSWERED


class Workers:
    """Whoever is asked by a token: answers once, twice, first so and then so, or never."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._world = system.world
        self._asked = 0

    def take(self, token: TaskToken, told: Any) -> None:
        """Answers sooner or later."""
        self._asked += 1
        chance = self._world.chance(f"worker {token.secret} {self._asked}")
        is_calm = self._world.now >= self._world.calm_from
        mood = 0.0 if is_calm else chance.random()
        if mood > 0.9:
            return
        moment = self._world.now + chance.whole(500, 30_000)
        if mood > 0.8:
            for beat in range(1, 6):
                number = f"/{self._asked}.{beat}"
                self._world.at(
                    moment + beat * 20_000, self._answer, token, TASK_HEARTBEAT, {}, number
                )
            moment += 110_000
        elif mood > 0.65:
            self._world.at(moment, self._answer, token, TASK_ERROR, {"error": "Busy"})
            moment += chance.whole(0, 3_000)
        result = {"output": asked_of(told)}
        self._world.at(moment, self._answer, token, TASK_COMPLETED, result)
        if mood > 0.5:
            again = moment + chance.whole(0, 100_000)
            self._world.at(again, self._answer, token, TASK_COMPLETED, result)

    def _answer(self, token: TaskToken, name: str, told: dict[str, Any], number: str = "") -> None:
        system, record = self._system, self._system.record
        event_id = f"{token.secret}/{name}{number}"
        body = {"event": name, "eventId": event_id, "taskToken": token.as_text(), **told}
        seen = record.count()
        message_id = f"x{seen}"
        record.sent.append(Sent(seen, seen, message_id, event_id, token.stack_id, True))
        # There is no claim that it would have to hold.
        record.answers[event_id].append(True)
        system.events.put(message_id, json.dumps(body))


class Nested(Service):
    """Step Functions, where a call that starts an execution is a START on the event queue."""

    name = "stepfunctions"

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        """See Step Functions."""
        machine = stateMachineArn.rpartition(":")[2]
        kind = self.enter(f"start {machine}")
        stack_id = f"{machine}:{name}"
        if self._has_ended(stack_id):
            raise _refused("ExecutionAlreadyExists")
        body = {
            "stackId": stack_id,
            "event": START,
            "machine": machine,
            "eventId": f"start/{stack_id}",
            "input": json.loads(input),
        }
        self.system.events.put(f"n{self.system.record.count()}", json.dumps(body))
        self.leave(kind)
        return {"executionArn": f"{PLACE}:execution:{stack_id}"} | ANSWERED

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        """See Step Functions."""
        kind = self.enter("look at an execution")
        stack_id = executionArn.removeprefix(f"{PLACE}:execution:")
        self.leave(kind)
        if not self._has_ended(stack_id):
            return {"executionArn": executionArn, "status": Status.RUNNING.value} | ANSWERED
        told = self.system.record.commits[stack_id][-1].after.memory["execution"]
        return {
            "executionArn": executionArn,
            "status": told["status"],
            "input": text_of(told["input"]),
            "output": text_of(told["output"]),
        } | ANSWERED

    def _has_ended(self, stack_id: str) -> bool:
        commits = self.system.record.commits.get(stack_id, [])
        return any(commit.after.state != Status.RUNNING for commit in commits[-1:])


class Naps:
    """See `time`, as far as it is used while an execution is waited for."""

    def __init__(self, world: World) -> None:
        self._world = world

    def sleep(self, seconds: float) -> None:
        """Lets time pass; fewer looks than there would be."""
        self._world.sleep(max(2_000, round(seconds * 1000)))
