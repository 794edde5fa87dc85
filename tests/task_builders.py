"""Builders for tasks as the satisfier meets them, and fakes of what it runs."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.event import Json
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.messages import TaskRequest, parse_task
from cloudseam.persistence.memory import InMemoryClaimRepository
from task_satisfier.attempt import Attempts
from task_satisfier.executors import Executor, Result, TaskFailedError, TaskRun
from task_satisfier.redaction import Redactor
from tests.builders import a_delivery

# Stands in for Terraform: notes how it was called, does what the test wants, and keeps to
# what `init` of Terraform 1.11 does with a backend: it notes the one it found a block for.
FAKE_TERRAFORM = """#!{python}
import json, os, re, signal, sys, time
from pathlib import Path

arguments = sys.argv[1:]
if arguments == ["version"]:
    print({version!r})
    sys.exit(0)
calls = Path({calls!r})
variables = Path("../variables.json")
backend_file = Path("cloudseam_backend.tf.json")
call = {{
    "argv": arguments,
    "cwd": os.getcwd(),
    "env": dict(os.environ),
    "files": sorted(str(path) for path in Path(".").rglob("*") if not path.is_dir()),
    "variables": json.loads(variables.read_text()) if variables.exists() else None,
    "variables_mode": oct(variables.stat().st_mode & 0o777) if variables.exists() else None,
    "written_backend": json.loads(backend_file.read_text()) if backend_file.exists() else None,
}}
with calls.open("a") as file:
    file.write(json.dumps(call) + "\\n")
if arguments[0] == "init":
    option = next(a for a in arguments if a.startswith("-backend-config="))
    name, value = option.removeprefix("-backend-config=").split("=", 1)
    data = Path(os.environ["TF_DATA_DIR"])
    data.mkdir(exist_ok=True)
    blocks = "".join(path.read_text() for path in Path(".").glob("*.tf*"))
    found = re.search(r'"?backend"?:? *[{{]? *"(\\w+)"', blocks)
    if found:
        config = {{"workspace_dir": None, name: value}}
        noted = {{"type": found[1], "config": config, "hash": 666019178}}
        note = {{"version": 3, "terraform_version": "1.11.4", "backend": noted}}
        (data / "terraform.tfstate").write_text(json.dumps(note, indent=2))
    else:
        print("Warning: Missing backend configuration")
{script}
"""


class FakeTerraform:
    """A binary on disk that notes its calls. `script` is Python to run at the end of each call."""

    def __init__(self, folder: Path, script: str = "", version: str = "Terraform v1.11.4") -> None:
        self.path = folder / "terraform"
        self._calls = folder / "calls.jsonl"
        self.path.write_text(
            FAKE_TERRAFORM.format(
                python=sys.executable, version=version, calls=str(self._calls), script=script
            )
        )
        self.path.chmod(0o755)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Each call in order: argv, cwd, env, files, variables and the backend written for it."""
        if not self._calls.exists():
            return []
        return [json.loads(line) for line in self._calls.read_text().splitlines()]

    @property
    def commands(self) -> list[str]:
        """The first argument of each call."""
        return [call["argv"][0] for call in self.calls]


class FakeExecutor:
    """Does what it is told, and keeps the runs it was given."""

    def __init__(
        self, does: Callable[[TaskRun], Mapping[str, Json] | Result] | None = None
    ) -> None:
        self._does = does or (lambda run: {})
        self.runs: list[TaskRun] = []

    def run(self, run: TaskRun) -> Mapping[str, Json] | Result:
        """See `Executor.run`."""
        self.runs.append(run)
        return self._does(run)


class FakeExecutors:
    """One executor under the name `fake`, and no other."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def get(self, name: str) -> Executor:
        """The executor of that name."""
        if name != "fake":
            raise TaskFailedError(f"Executor '{name}' is not known.")
        return self._executor


def failing(cause: str) -> FakeExecutor:
    """An executor whose tasks all fail."""

    def fail(run: TaskRun) -> Mapping[str, Json]:
        raise TaskFailedError(cause)

    return FakeExecutor(fail)


def a_task_body(
    executor: str = "fake",
    config: Mapping[str, Any] | None = None,
    *,
    name: str = "net",
    stack_id: str = "s",
    machine: str = "multi",
    metadata: Mapping[str, Any] | None = None,
    **task: Any,
) -> dict[str, Any]:
    """The body of a task message."""
    return {
        "task": {"name": name, "executor": executor, "config": config or {}, **task},
        "stack": {
            "id": stack_id,
            "previousState": "INIT",
            "machine": machine,
            "_state": "PROVISION",
            "tasks": [{"name": name, "status": "PENDING"}],
            "metadata": metadata or {},
        },
    }


def a_task_delivery(executor: str = "fake", **fields: Any) -> Delivery:
    """A task message as its queue delivers it."""
    return a_delivery(a_task_body(executor, **fields))


def a_request(
    executor: str = "fake", config: Mapping[str, Any] | None = None, **fields: Any
) -> TaskRequest:
    """What a task message asks for."""
    return parse_task(json.dumps(a_task_body(executor, config, **fields)))


def a_run(
    executor: str = "fake",
    config: Mapping[str, Any] | None = None,
    *,
    seconds: float = 60,
    sensitive: tuple[Json, ...] = (),
    **fields: Any,
) -> TaskRun:
    """One attempt of a task, with that many seconds left for ever."""
    return TaskRun(a_request(executor, config, **fields), lambda: seconds, Redactor(sensitive))


def run_of(body: Mapping[str, Any], seconds: float = 60, **fields: Any) -> TaskRun:
    """One attempt of the task of a message, with that many seconds left for ever."""
    return TaskRun(parse_task(json.dumps(body)), lambda: seconds, **fields)


def a_terraform_config(
    location: Path | str, action: str = "apply", **fields: Any
) -> dict[str, Any]:
    """Config of a Terraform task whose module is on this computer."""
    return {
        "source": {"type": "local", "location": os.fspath(location)},
        "action": action,
        **fields,
    }


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes files, sub-folders included; gives the folder back."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def attempts_in_memory() -> Attempts:
    """Attempts claimed in memory; what their stacks wait for is not looked at."""
    return Attempts(
        InMemoryClaimRepository(), None, SystemClock(), ThreadHeartbeat(), place="tester@here"
    )
