"""Plays executions of machines in Amazon States Language, with time that moves when it is waited
for. Between any two events the execution is JSON, as in a store.
"""

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from cloudseam.languages.asl.execution import Execution, Status, Work
from cloudseam.languages.asl.interpreter import Interpreter

BEGINNING = 1_700_000_000_000
ACCOUNT = "111111111111"
PLACE = f"arn:aws:states:us-east-1:{ACCOUNT}"


class Failure(Exception):
    """A worker fails its task."""

    def __init__(self, error: str | None = None, cause: str | None = None) -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


# What does a task: from its arguments to its output. None: nobody answers.
Worker = Callable[[Any], Any] | None


class Player:
    """One execution. `worker_of` finds who does the tasks of a resource."""

    def __init__(
        self,
        definition: Mapping[str, Any],
        told: Any = None,
        *,
        beginning: int = BEGINNING,
        chance: float = 0.5,
        worker_of: Callable[[str], Worker] = lambda resource: None,
    ) -> None:
        self.definition = definition
        self.now = beginning
        self.events: list[dict[str, Any]] = []
        self.open_tasks: list[Work] = []
        self.times: list[int] = []
        self._chance = chance
        self._worker_of = worker_of
        self._tokens = (f"token-{number}" for number in count(1))
        told = {} if told is None else told
        facts = {
            "Execution": {
                "Id": f"{PLACE}:execution:machine:e",
                "Input": told,
                "Name": "e",
                "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
                "StartTime": "2023-11-14T22:13:20.000Z",
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": f"{PLACE}:stateMachine:machine", "Name": "machine"},
        }
        self.execution = Execution(told, facts)
        self.apply(lambda interpreter: interpreter.start("role"))

    def apply(self, act: Callable[[Interpreter], object]) -> object:
        """Has something happen."""
        self.execution = Execution.of_json(json.loads(json.dumps(self.execution.as_json())))
        interpreter = Interpreter(
            self.definition,
            self.execution,
            self.now,
            token=lambda: next(self._tokens),
            chance=lambda: self._chance,
        )
        found = act(interpreter)
        self.events += interpreter.history.events
        self.open_tasks += interpreter.work
        self.times += [self.now] * len(interpreter.work)
        return found

    def wake(self, after: float | None = None) -> None:
        """Lets so many seconds pass; without a number, until something is due."""
        self.now = self.execution.wakes_at if after is None else self.now + round(1000 * after)
        self.apply(lambda interpreter: interpreter.wake())

    def play(self, turns: int = 1000) -> "Player":
        """Goes on until it has ended, or waits for somebody who does not come."""
        for _ in range(turns):
            if self.execution.status is not Status.RUNNING:
                break
            if self.open_tasks:
                self._work(self.open_tasks.pop(0))
            elif self.execution.wakes_at:
                self.wake()
            else:
                break
        return self

    def succeed(self, output: Any) -> None:
        """Answers the task that was asked for first."""
        token = self.open_tasks.pop(0).token
        assert self.apply(lambda interpreter: interpreter.succeed_task(token, output))

    def fail(self, error: str | None, cause: str | None = None) -> None:
        """Answers it with a failure."""
        token = self.open_tasks.pop(0).token
        assert self.apply(lambda interpreter: interpreter.fail_task(token, error, cause))

    def _work(self, work: Work) -> None:
        worker = self._worker_of(work.resource)
        if worker is None:
            return
        try:
            output = worker(work.arguments)
        except Failure as failed:
            error, cause = failed.error, failed.cause
            self.apply(lambda interpreter: interpreter.fail_task(work.token, error, cause))
        else:
            self.apply(lambda interpreter: interpreter.succeed_task(work.token, output))

    @property
    def types(self) -> list[str]:
        """The types of its events, in order."""
        return [event["type"] for event in self.events]

    @property
    def output(self) -> Any:
        """Its output; it has succeeded."""
        assert self.execution.status is Status.SUCCEEDED, self.failure
        return self.execution.output

    @property
    def failure(self) -> tuple[str | None, str | None]:
        """Its error and cause."""
        return self.execution.error, self.execution.cause


def play(definition: Mapping[str, Any], told: Any = None) -> Player:
    """An execution that has been played to its end, or to where it waits."""
    return Player(definition, told).play()


def one_state(state: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A machine of one state, which is its last."""
    return {"StartAt": "S", "States": {"S": {**state, "End": True}}, **fields}
