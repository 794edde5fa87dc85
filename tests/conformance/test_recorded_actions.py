"""The executor runs the actions that aws-lambda-fsm was recorded to run, in the same order.

Each invocation of a recording is given to the executor as the state machine would give it, so what
is compared is an invocation: which actions, with which contexts, and what they returned.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudseam.stored_context import ContextBucket
from task_satisfier.executors import Result, TaskFailedError, TaskRun
from task_satisfier.executors.python.action_path import ActionPath
from task_satisfier.executors.python.executor import PythonExecutor
from tests.python_actions import FOLDER
from tests.task_builders import a_task_body, run_of

RECORDINGS = Path(__file__).parents[2].parent / "shared/conformance/python-actions"
# What the library's own infrastructure did, and actions that call services of AWS: their
# behaviour is theirs, and no rule of invocations.
INFRASTRUCTURE = (
    *("crash-", "failover-", "network-error-", "retry-", "ecs-", "checkpoint-", "transport-"),
    *("no-secondary-cache", "metrics-down", "encrypt_s3", "all-compact", "tracer-failures"),
)
# The folder's `tests` would be hidden by this one, and the library is not installed.
MODULES = {
    "tests.integration.actions.": "library.integration.",
    "examples.tracer.actions.": "library.tracer.",
    "aws_lambda_fsm.action.": "library.action.",
}
PATHS = sorted(
    path for path in RECORDINGS.glob("*.json") if not path.name.startswith(INFRASTRUCTURE)
)


def renamed(action: str | None) -> str | None:
    for theirs, ours in MODULES.items():
        if action and action.startswith(theirs):
            return action.replace(theirs, ours)
    return action


def input_of(recording: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What the state machine gives for what the library's message said."""
    system, machine = told["system_context"], recording["machine"]
    states = {state["name"]: state for state in machine["states"]}
    state, event = system["current_state"], system["current_event"]
    given: dict[str, Any] = {
        "from": {"state": state, "event": event},
        "steps": system["steps"],
        "retries": system["retries"],
        "maxRetries": machine.get("max_retries") or 5,  # 0 is 5 there
        "startedAt": 1_700_000_000_000,
        "fence": 1_000_001,
        "context": told["user_context"],
        "states": {name: _state(each) for name, each in states.items()},
    }
    if state == "pseudo_init":
        given["to"] = next(name for name, each in states.items() if each.get("initial"))
    else:
        given["exit"] = renamed(states[state].get("exit_action"))
        for transition in states[state].get("transitions", []):
            if transition["event"] == event:
                given["to"] = transition["target"]
                given["transition"] = renamed(transition.get("action"))
    return {key: value for key, value in given.items() if value is not None}


def _state(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "entry": renamed(state.get("entry_action")),
        "do": renamed(state.get("do_action")),
        "exit": renamed(state.get("exit_action")),
        "final": bool(state.get("final")),
        "on": {
            each["event"]: {
                "to": each["target"],
                "action": renamed(each.get("action")),
                "local": bool(each.get("local")),
            }
            for each in state.get("transitions", [])
        },
    }


class Watched(PythonExecutor):
    """Notes every action as the recordings have them."""

    def __init__(self) -> None:
        super().__init__(str(FOLDER), ContextBucket(lambda: pytest.fail("no S3"), None))
        self.ran: list[dict[str, Any]] = []

    def _executed(
        self, run: TaskRun, name: str, told: str, context: Any, obj: dict[str, Any]
    ) -> object:
        slot, of = told.partition(" (")[2].removesuffix(")").split(" of ")
        ran: dict[str, Any] = {"slot": slot, "of": of, "action": name, "user_in": _json(context)}
        self.ran.append(ran)
        try:
            ran["returned"] = super()._executed(run, name, told, context, obj)
        except TaskFailedError as error:
            ran["raised"] = error.error
            raise
        finally:
            ran["user_out"] = _json(context)
        return ran["returned"]


def _json(context: Any) -> Any:
    return json.loads(json.dumps(context, default=lambda value: "<not_serializable>"))


def invocations() -> Iterator[Any]:
    for path in PATHS:
        recording = json.loads(path.read_text())
        for number, invocation in enumerate(recording["invocations"], 1):
            if invocation.get("outcome", "").startswith(("duplicate", "dropped")):
                continue  # nothing is run: the state machine's, and not the executor's, to see
            yield pytest.param(recording, invocation, id=f"{path.stem}-{number}")


@pytest.mark.skipif(not PATHS, reason="the recordings are not beside the repository")
@pytest.mark.parametrize(("recording", "invocation"), list(invocations()))
def test_an_invocation_runs_what_was_recorded(
    recording: dict[str, Any], invocation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if recording["machine"]["name"] == "tracer":
        recorded = json.loads((RECORDINGS / "tracer-failures.json").read_text())
        raises_at = {tuple(each) for each in recorded["raised_at_steps_retries"]}
        ActionPath(str(FOLDER)).find("library.tracer.IncrementAction")
        monkeypatch.setattr(sys.modules["library.tracer"], "raises_at", raises_at)
    executor = Watched()
    body = a_task_body("python", name="actions", stack_id="c", machine=recording["machine"]["name"])
    run = run_of(body | {"input": input_of(recording, invocation["in"])})

    try:
        given: Any = executor.run(run)
        failure = None
    except TaskFailedError as error:
        given, failure = None, error

    expected = [each | {"action": renamed(each["action"])} for each in invocation["actions"]]
    assert executor.ran == expected
    if failure is None:
        assert isinstance(given, Result)
        assert given.body["context"] == (expected[-1]["user_out"] if expected else run_context(run))
        following = [*invocation.get("sent", []), invocation.get("returned_to_step_functions")]
        event = following[0]["system_context"]["current_event"] if following[0] else None
        assert given.body["event"] == event


def run_context(run: TaskRun) -> Any:
    assert run.request.input is not None
    return run.request.input["context"]
