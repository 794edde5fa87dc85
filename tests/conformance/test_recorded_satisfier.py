"""What the original's task satisfier was seen to do, where it was right.

Where it was wrong, the outcome wanted instead is in `DIFFERENT`, with the reason.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from mypy_boto3_lambda import LambdaClient
from mypy_boto3_s3 import S3Client

from cloudseam.errors import InvalidMessageError
from cloudseam.queues.memory import InMemoryQueue
from task_satisfier.executors.aws_lambda import LambdaExecutor
from task_satisfier.executors.registry import ExecutorRegistry
from task_satisfier.executors.terraform.backend import StateHome
from task_satisfier.executors.terraform.executor import TerraformExecutor
from task_satisfier.executors.terraform.plugin_cache import PluginCache
from task_satisfier.satisfier import TaskOutcome, TaskSatisfier
from task_satisfier.settings import TaskSatisfierSettings
from tests.builders import a_delivery
from tests.integration.task_satisfier.real_terraform import BINARY
from tests.task_builders import FakeTerraform, attempts_in_memory, write_files

RECORDED = Path(__file__).parents[2].parent / "shared/conformance/cloudseam/satisfier.json"
CASES: list[dict[str, Any]] = json.loads(RECORDED.read_text()) if RECORDED.exists() else []

if not CASES:
    pytest.skip("the recordings of the original are not here", allow_module_level=True)

DONE, FAILED = "TASK_COMPLETED", "TASK_ERROR"
# What is wanted where the original was wrong: the answers' events, and why.
DIFFERENT: dict[str, tuple[list[str], str]] = {
    "tf metadata with single quote": ([DONE], "there is no shell to misread it"),
    "tf single-file key": ([DONE], "an object is a module"),
    "tf key with sub-folder": ([DONE], "sub-folders come along"),
    "tf local source missing: cp exit code ignored": ([FAILED], "nothing was there to apply"),
    "executor named like Object.prototype": ([FAILED], "there is no such executor"),
    "task missing": ([], "it is no task message, and nobody could be told of it"),
    "whole handler: two records in one batch, only the first is handled": (
        [DONE, DONE],
        "every record is handled",
    ),
    "whole handler: terraform removed by rm then copied from src/bin (absent): ": (
        [DONE],
        "nothing in the temp dir is removed",
    ),
    "real terraform 1.11.4, as the original calls it (work dir as last argument)": (
        [DONE],
        "the work dir is the current folder, not an argument",
    ),
    "real terraform 1.11.4 apply with a metadata key the module does not declare": (
        [DONE],
        "undeclared variables of a file only warn",
    ),
}
# The same events as recorded, but not the same files: what is seen beside the answer.
OTHER_FILES = {
    "tf local source folder": (["main.tf"], "a folder's contents come at the right level"),
    "tf single-file key": (["one.tf"], "an object is a module"),
    "tf key with sub-folder": (["main.tf", "sub/a.tf"], "sub-folders come along"),
    "whole handler: terraform removed by rm then copied from src/bin (absent): ": (
        ["main.tf", "vars.tf"],
        "the same source as elsewhere",
    ),
}
CAUSES = {
    "tf local source missing: cp exit code ignored": "is no file and no folder",
    "tf unknown source type": "'local'",
    "tf fails (exit 3)": "Error: it failed\nbecause it was told to",
    "tf config missing": "`config.source` is missing",
    "lambda FunctionError with trace": (
        "ReferenceError: x is not defined\nTrace Line 1\nTrace Line 2"
    ),
    "lambda FunctionError Python style (stackTrace, no trace)": "ValueError: no\n  File",
    "lambda FunctionError without JSON payload": "boom",
    "unknown executor": "Executor 'ansible' is not known. There are: lambda, terraform.",
    "executor named like Object.prototype": "Executor 'constructor' is not known",
}

# Terraform is not run for these.
NOT_RUN = {
    "tf local source missing: cp exit code ignored",
    "tf unknown source type",
    "tf config missing",
    "unknown executor",
    "executor named like Object.prototype",
    "task missing",
    *(case["name"] for case in CASES if case["lambda_invokes"]),
}

OBJECTS = {
    "net/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
    "net/vars.tf": 'variable "stack_id" {}\n',
    "one.tf": 'terraform {\n  backend "s3" {}\n}\n',
    "mod/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
    "mod/sub/a.tf": "",
}
REAL_OBJECTS = {
    "net/main.tf": 'resource "terraform_data" "x" {\n  input = "${var.stack_id}-${var.size}"\n}\n'
    'output "o" {\n  value = terraform_data.x.output\n}\n',
    "net/vars.tf": 'variable "stack_id" {}\nvariable "size" {\n  type = number\n}\n',
}
ERRORS = {
    "err-node": json.dumps(
        {
            "errorType": "ReferenceError",
            "errorMessage": "x is not defined",
            "trace": ["ReferenceError: x is not defined", "Trace Line 1", "Trace Line 2"],
        }
    ),
    "err-py": json.dumps(
        {"errorType": "ValueError", "errorMessage": "no", "stackTrace": ['  File "app.py"']}
    ),
    "err-raw": "boom",
}
FAILS_IF_TOLD = """
if arguments[0] == "apply" and "fail_me" in call["variables"]:
    print("Error: it failed")
    print("because it was told to")
    sys.exit(3)
"""


class FakeS3:
    """Objects of one bucket."""

    def __init__(self, objects: Mapping[str, str]) -> None:
        self._objects = objects

    def list_objects_v2(self, Prefix: str, **_: Any) -> dict[str, Any]:
        keys = sorted(key for key in self._objects if key.startswith(Prefix))
        return {"Contents": [{"Key": key, "Size": len(self._objects[key])} for key in keys]}

    def get_paginator(self, _: str) -> Any:
        class Paginator:
            def paginate(_, **arguments: Any) -> Iterator[dict[str, Any]]:
                yield self.list_objects_v2(**arguments)

        return Paginator()

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:
        class Body(BytesIO):
            def iter_chunks(self, size: int) -> Iterator[bytes]:
                yield self.read()

        return {"Body": Body(self._objects[Key].encode())}


class FakeLambda:
    """Functions that end as their names say."""

    def __init__(self) -> None:
        self.invocations: list[dict[str, Any]] = []

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        name = arguments["FunctionName"]
        del arguments["InvocationType"]
        self.invocations.append(arguments)
        error = {"FunctionError": "Unhandled"} if name in ERRORS else {}
        return {"Payload": BytesIO(ERRORS.get(name, '{"ok": true}').encode()), **error}


@dataclass
class Replay:
    """What became of a case."""

    outcomes: list[TaskOutcome]
    answers: list[dict[str, Any]]
    invocations: list[dict[str, Any]]
    calls: list[dict[str, Any]]


@dataclass
class Stage:
    """Everything a case runs on."""

    folder: Path
    client: FakeLambda = field(default_factory=FakeLambda)

    def replay(self, case: Mapping[str, Any]) -> Replay:
        write_files(self.folder / "samples", {"main.tf": OBJECTS["net/main.tf"]})
        fake = FakeTerraform(self.folder, FAILS_IF_TOLD)
        real = case["name"].startswith("real terraform")
        answers = InMemoryQueue()
        satisfier = TaskSatisfier(self._executors(fake, real), answers, attempts_in_memory())
        messages = case["message"] if isinstance(case["message"], list) else [case["message"]]
        outcomes = satisfier.handle_batch(
            [a_delivery(self._here(message)) for message in messages], lambda: 300
        )
        bodies = [json.loads(message.body) for message in answers.sent]
        return Replay(outcomes, bodies, self.client.invocations, fake.calls)

    def _here(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message with its local source in this test's folder."""
        text = json.dumps(message).replace('"/samples', f'"{self.folder}/samples')
        here: dict[str, Any] = json.loads(text)
        return here

    def _executors(self, fake: FakeTerraform, real: bool) -> ExecutorRegistry:
        objects = FakeS3(REAL_OBJECTS if real else OBJECTS)
        terraform = TerraformExecutor(
            binary=BINARY if real else str(fake.path),
            home=StateHome(folder=self.folder / "states"),
            grace=5,
            s3=lambda: cast(S3Client, objects),
            environ={},
            plugins=PluginCache(self.folder / "providers"),
        )
        functions = LambdaExecutor(lambda _: cast(LambdaClient, self.client))
        return ExecutorRegistry(
            TaskSatisfierSettings.from_environment({"SQS_EVENT_QUEUE_URL": "events"}),
            {"terraform": lambda _: terraform, "lambda": lambda _: functions},
        )


@pytest.fixture(scope="module", params=CASES, ids=[case["name"] for case in CASES])
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    recorded: dict[str, Any] = request.param
    if recorded["name"].startswith("real terraform") and BINARY is None:
        pytest.skip("there is no Terraform here")
    return recorded


@pytest.fixture(scope="module")
def folder(case: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("case")


@pytest.fixture(scope="module")
def replay(case: dict[str, Any], folder: Path) -> Replay:
    return Stage(folder).replay(case)


def test_the_answers_are_those_recorded_or_those_wanted(
    case: dict[str, Any], replay: Replay, folder: Path
) -> None:
    recorded = [sent["body"] for sent in case["event_messages_sent"]]
    wanted, _ = DIFFERENT.get(case["name"], ([body["event"] for body in recorded], ""))
    messages = case["message"] if isinstance(case["message"], list) else [case["message"]]

    assert [body["event"] for body in replay.answers] == wanted
    asked = {message["task"]["name"]: message for message in messages if message["task"]}
    for body in replay.answers:
        message = asked[body["task"]["name"]]
        echo = json.loads(json.dumps(body["task"]).replace(f"{folder}/samples", "/samples"))
        assert body["stackId"] == message["stack"]["id"]
        assert echo == message["task"]
        if body["event"] == FAILED:
            assert CAUSES[case["name"]] in body["description"]


def test_nothing_is_lost(case: dict[str, Any], replay: Replay) -> None:
    answered = len(replay.answers)
    refused = [outcome for outcome in replay.outcomes if outcome.error is not None]

    assert answered + len(refused) == len(replay.outcomes)
    assert all(isinstance(outcome.error, InvalidMessageError) for outcome in refused)


def test_functions_get_what_was_recorded(case: dict[str, Any], replay: Replay) -> None:
    wanted = [
        {"FunctionName": made["FunctionName"], "Payload": json.loads(made["Payload"])}
        for made in case["lambda_invokes"]
    ]
    if case["name"].startswith("whole handler: two records"):
        wanted.append({"FunctionName": "app-setup", "Payload": wanted[0]["Payload"]})
    found = [made | {"Payload": json.loads(made["Payload"])} for made in replay.invocations]

    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_terraform_is_asked_for_what_was_recorded(case: dict[str, Any], replay: Replay) -> None:
    if case["name"].startswith("real terraform") or case["name"] in NOT_RUN:
        assert not replay.calls
        return
    stack, task = case["message"]["stack"], case["message"]["task"]
    [init, run, *_] = replay.calls

    assert [init["argv"][0], run["argv"][0]] == ["init", task["config"]["action"]]
    assert {"-input=false", "-no-color", "-auto-approve"} < set(run["argv"])
    assert init["argv"][-1] == f"-backend-config=key={_key(stack, task['config']['source'], init)}"
    assert init["files"] == _files(case)
    assert _as_told(run["variables"]) == _recorded_variables(case)


def test_nothing_of_a_message_was_run(case: dict[str, Any], replay: Replay) -> None:
    for path in re.findall(r"touch ([\w/]+)", json.dumps(case["message"])):
        assert not Path(path).exists()


def test_every_difference_is_of_a_case_that_is_there() -> None:
    names = {case["name"] for case in CASES}

    assert set(DIFFERENT) | set(OTHER_FILES) | set(CAUSES) | NOT_RUN <= names
    print(f"recorded: {len(names)} cases, {len(names) - len(DIFFERENT)} with the same answers")


def _key(stack: Mapping[str, Any], source: Mapping[str, Any], init: Mapping[str, Any]) -> str:
    """The recorded key, as far as it can be kept: no slash at its end, none in a stack's id."""
    of_stack = f"{stack['machine']}/{stack['id'].replace('/', '%2f')}"
    if source["type"] == "s3":
        return f"{of_stack}/{source['key'].rstrip('/')}"
    folder = init["argv"][-1].partition("/%local/%/")[2]
    assert folder.endswith("samples"), "a file and its folder share a state of their own"
    return f"{of_stack}/%local/%/{folder}"


def _files(case: Mapping[str, Any]) -> list[str]:
    if case["name"] in OTHER_FILES:
        return OTHER_FILES[case["name"]][0]
    files: list[str] = case["terraform_argv"][0]["cwd_files"]
    return files


def _recorded_variables(case: Mapping[str, Any]) -> dict[str, str]:
    """The variables that were on the command line, but as they were meant."""
    if case["name"] == "tf variables nested object and list":
        return {"stack_id": "s", "m": '{"a": 1}', "l": "[1, 2]"}
    recorded = [args for made in case["spawned"] if "-auto-approve" in (args := made["args"])]
    if not recorded:
        return {"stack_id": case["message"]["stack"]["id"]}
    options = (option for option in recorded[0] if option.startswith("-var='"))
    pairs = (option.removeprefix("-var='")[:-1].split("=", 1) for option in options)
    return {name: value for name, value in pairs if "$" not in name}


def _as_told(variables: Mapping[str, Any]) -> dict[str, str]:
    """Values as they were written on the command line."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in variables.items()
    }
