"""The recordings of aws-lambda-fsm, and what a run of one of their machines here is compared by."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudseam.languages import load_machine
from cloudseam.machine import Machine
from cloudseam.stored_context import ContextBucket
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.python.executor import PythonExecutor
from tests.conformance.installation import Installation
from tests.python_actions import FOLDER

RECORDINGS = Path(__file__).parents[2].parent / "shared/conformance/python-actions"
# Of all scenarios in short, and where chance had the tracer raise: no scenarios.
OTHERS = ("all-compact", "tracer-failures")
# The library's own infrastructure.
INFRASTRUCTURE = (
    *("crash-", "failover-", "network-error-", "retry-", "ecs-", "checkpoint-", "transport-"),
    *("no-secondary-cache", "metrics-down", "duplicate-", "next-step-"),
)
# The folder's `tests` would be hidden by this one, and the library is not installed.
MODULES = {
    "tests.integration.actions.": "library.integration.",
    "examples.tracer.actions.": "library.tracer.",
    "examples.encrypt_s3.actions.": "library.encrypt_s3.",
    "examples.ecs.actions.": "library.ecs.",
    "aws_lambda_fsm.action.": "library.action.",
}


def scenarios(*, infrastructure: bool) -> list[str]:
    """Names of the scenarios of one kind."""
    return sorted(
        path.stem
        for path in RECORDINGS.glob("*.json")
        if path.stem not in OTHERS and path.stem.startswith(INFRASTRUCTURE) is infrastructure
    )


def recording_of(name: str) -> dict[str, Any]:
    """A recording, as its file has it."""
    recording: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return recording


def renamed(action: str) -> str:
    """An action of the library's, by its name here."""
    for theirs, ours in MODULES.items():
        if action.startswith(theirs):
            return action.replace(theirs, ours)
    return action


def machine_of(recording: Mapping[str, Any]) -> Machine:
    """The machine of a recording, which has no exit action of a final state run, as the library's
    never is; and for which no retries are five."""
    told = dict(recording["machine"])
    told |= {"final_exit": False, "max_retries": told.get("max_retries") or 5}
    text = json.dumps({"machines": [_renamed_in(told)]})
    return load_machine(told["name"], text, "machines.yml")


def _renamed_in(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: renamed(value) if key.endswith("action") else _renamed_in(value)
            for key, value in part.items()
        }
    return [_renamed_in(each) for each in part] if isinstance(part, list) else part


def start_of(recording: Mapping[str, Any]) -> dict[str, Any]:
    """The START of a recording's machine."""
    told = recording.get("start") or recording["invocations"][0]["in"]
    body = {
        "stackId": "c",
        "machine": recording["machine"]["name"],
        "event": "START",
        "eventId": "start/c",
        "context": told["user_context"],
    }
    fields = {
        "current_state": "state",
        "current_event": "currentEvent",
        "additional_delay_seconds": "additionalDelaySeconds",
    }
    return body | {ours: told[theirs] for theirs, ours in fields.items() if theirs in told}


@dataclass(slots=True)
class Invocation:
    """One invocation, as the recordings have it. `at` and `ended` are in epoch milliseconds."""

    at: int
    system: dict[str, Any]
    context: dict[str, Any]
    token: str = ""
    actions: list[dict[str, Any]] = field(default_factory=list)


def recorded_invocations(recording: Mapping[str, Any]) -> Iterator[Invocation]:
    """The recorded ones, less those in which nothing was done as they were duplicates."""
    for told in recording["invocations"]:
        if told["in"] is None or told.get("outcome", "").startswith(("duplicate", "dropped")):
            continue
        actions = [each | {"action": renamed(each["action"])} for each in told["actions"]]
        names = ("current_state", "current_event", "steps", "retries")
        system = {name: told["in"]["system_context"][name] for name in names}
        at = round(1000 * told.get("t", 0))
        yield Invocation(at, system, told["in"]["user_context"], "", actions)


class Watched(PythonExecutor):
    """Notes every invocation and its actions as the recordings have them. Finds itself by name."""

    def __init__(self) -> None:
        def none() -> Any:
            raise AssertionError("no context is that large")

        super().__init__(str(FOLDER), ContextBucket(none, None))
        self.invocations: list[Invocation] = []
        self.installation: Installation

    def get(self, name: str) -> PythonExecutor:
        """See `task_satisfier.satisfier.Executors.get`."""
        assert name == "python"
        return self

    def run(self, run: TaskRun) -> Any:
        """See `task_satisfier.executors.Executor.run`."""
        told: Any = run.request.input
        system = {
            "current_state": told["from"]["state"],
            "current_event": told["from"]["event"],
            "steps": told["steps"],
            "retries": told["retries"],
        }
        context = {**told.get("context", {}), **told.get("given", {})}
        invocation = Invocation(self.installation.now, system, context, run.request.token)
        self.invocations.append(invocation)
        return super().run(run)

    def _executed(
        self, run: TaskRun, name: str, told: str, context: Any, obj: dict[str, Any]
    ) -> object:
        slot, of = told.partition(" (")[2].removesuffix(")").split(" of ")
        ran: dict[str, Any] = {"slot": slot, "of": of, "action": name, "user_in": _json(context)}
        self.invocations[-1].actions.append(ran)
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
