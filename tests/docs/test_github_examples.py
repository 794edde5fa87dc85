"""The workflows of docs/examples/github send the events of a stack's life, and run nothing else."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import get_session

from cloudseam.event import Event
from cloudseam.messages import parse_event
from tests.template import TemplateLoader

pytestmark = pytest.mark.once

FOLDER = Path(__file__).parents[2] / "docs" / "examples" / "github"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
NAME = re.compile(r"(?<!')\b(?:github|vars)\.[\w.]+")
# A name that git takes, and that would do harm wherever a shell or a JSON text took it for its own.
HOSTILE = """feature/"$(touch${IFS}pwned)"`touch${IFS}pwned`;'&x|ü"""
# Writes its arguments to a file beside it.
AWS = """#!{python}
import json, pathlib, sys
with open(pathlib.Path(__file__).with_name("calls"), "a") as file:
    print(json.dumps(sys.argv[1:]), file=file)
"""


def ids(path: Path) -> str:
    return path.name


def push(branch: str, *, created: bool = False) -> dict[str, Any]:
    return {
        "event_name": "push",
        "ref_name": branch,
        "event": {"ref": f"refs/heads/{branch}", "created": created, "deleted": False},
    }


def delete(name: str, ref_type: str = "branch") -> dict[str, Any]:
    return {
        "event_name": "delete",
        "ref_name": "main",
        "event": {"ref": name, "ref_type": ref_type},
    }


def pull_request(action: str, branch: str, owner: str = "us") -> dict[str, Any]:
    head = {"sha": "e724", "repo": {"full_name": f"{owner}/app"}}
    return {
        "event_name": "pull_request",
        "head_ref": branch,
        "event": {"action": action, "number": 7, "pull_request": {"head": head}},
    }


def run(workflow: str, github: Mapping[str, Any], folder: Path) -> list[Event]:
    """The events that a workflow sends when GitHub starts it with this context."""
    context = {
        "github": {"run_id": "1234", "sha": "e724", "repository": "us/app", **github},
        "vars": {"CLOUDSEAM_EVENT_QUEUE": "https://queue", "CLOUDSEAM_ROLE": "r", "AWS_REGION": ""},
    }
    program = folder / "aws"
    program.write_text(AWS.format(python=sys.executable))
    program.chmod(0o755)
    for job in load(FOLDER / workflow)["jobs"].values():
        if holds(job["if"], context):
            for step in job["steps"]:
                if "run" in step:
                    execute(step, context, folder)
    calls = folder / "calls"
    return (
        [sent(json.loads(line)) for line in calls.read_text().splitlines()]
        if calls.exists()
        else []
    )


def load(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def execute(step: Mapping[str, Any], context: Mapping[str, Any], folder: Path) -> None:
    """Runs a step's script as GitHub does on Linux: `bash -e`, with the step's variables."""
    variables = {
        name: EXPRESSION.sub(lambda m: value_of(m[1], context), text)
        for name, text in step["env"].items()
    }
    subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        env={"PATH": f"{folder}:/usr/bin:/bin", **variables},
        cwd=folder,
        check=True,
    )


def value_of(expression: str, context: Mapping[str, Any]) -> str:
    """What GitHub puts in the place of an expression."""
    if called := re.fullmatch(r"toJSON\((.+)\)", expression):
        return json.dumps(found(called[1], context), ensure_ascii=False)
    return str(found(expression, context))


def found(name: str, context: Mapping[str, Any]) -> Any:
    value: Any = context
    for part in name.split("."):
        value = (value or {}).get(part)
    return value


def holds(condition: str, context: Mapping[str, Any]) -> bool:
    """Whether a job's condition does: GitHub's operators, written as Python's."""
    told = NAME.sub(lambda m: repr(found(m[0], context)), condition)
    python = re.sub(r"!(?!=)", " not ", told.replace("&&", " and ").replace("||", " or "))
    return bool(eval(python))


def sent(arguments: list[str]) -> Event:
    """The event of a call of `aws sqs send-message`, whose options are the operation's."""
    service, operation, *rest = arguments
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    model = get_session().get_service_model("sqs").operation_model("SendMessage").input_shape
    assert model is not None
    known = {re.sub(r"\B([A-Z])", r"-\1", name).lower() for name in model.members}
    assert (service, operation) == ("sqs", "send-message")
    assert {name.removeprefix("--") for name in options} <= known
    assert options["--queue-url"] == "https://queue"
    return parse_event(options["--message-body"], "message")


def names(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.stack_id) for event in events]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=ids)
def test_a_workflow_is_one_by_githubs_own_schema(workflow: Path) -> None:
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            str(workflow),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in load(workflow)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=ids)
def test_nothing_from_outside_is_put_into_a_script(workflow: Path) -> None:
    scripts = [step["run"] for step in steps(workflow) if "run" in step]

    assert scripts
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=ids)
def test_a_job_may_do_nothing_but_ask_for_its_identity(workflow: Path) -> None:
    told = load(workflow)

    assert told["permissions"] == {}
    assert {str(job["permissions"]) for job in told["jobs"].values()} == {"{'id-token': 'write'}"}


@pytest.mark.parametrize(
    ("github", "expected"),
    [
        (push("feature/x", created=True), [("LAUNCH", "feature/x")]),
        (push("feature/x"), [("UPDATE", "feature/x")]),
        (delete("feature/x"), [("DESTROY", "feature/x")]),
        (delete("v1", ref_type="tag"), []),
        (push(HOSTILE, created=True), [("LAUNCH", HOSTILE)]),
        (push(HOSTILE), [("UPDATE", HOSTILE)]),
        (delete(HOSTILE), [("DESTROY", HOSTILE)]),
    ],
    ids=[
        "first push",
        "push",
        "deleted",
        "tag deleted",
        "hostile first",
        "hostile push",
        "hostile deleted",
    ],
)
def test_a_branch_has_a_stack_as_long_as_it_is_there(
    tmp_path: Path, github: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert names(run("branch.yml", github, tmp_path)) == expected
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("github", "expected"),
    [
        (pull_request("opened", "x"), "LAUNCH"),
        (pull_request("reopened", "x"), "LAUNCH"),
        (pull_request("synchronize", HOSTILE), "UPDATE"),
        (pull_request("closed", "x"), "DESTROY"),
    ],
    ids=["opened", "reopened", "pushed to, hostile", "closed"],
)
def test_a_pull_request_has_a_stack_as_long_as_it_is_open(
    tmp_path: Path, github: dict[str, Any], expected: str
) -> None:
    (event,) = run("pull-request.yml", github, tmp_path)

    assert (event.name, event.stack_id, event.id) == (expected, "pr-7", "1234")
    assert event.metadata == {"branch": github["head_ref"], "image_tag": "e724"}
    assert not (tmp_path / "pwned").exists()


def test_a_pull_request_from_a_fork_has_no_stack(tmp_path: Path) -> None:
    assert run("pull-request.yml", pull_request("opened", "x", owner="them"), tmp_path) == []


def test_the_role_may_send_to_the_event_queue_and_nothing_else() -> None:
    role = yaml.load((FOLDER / "role.yaml").read_text(), TemplateLoader)["Resources"]["Sender"]
    (policy,) = role["Properties"]["Policies"]
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Ref": "EventQueueArn"}}
    ]
    (subject,) = trust["Condition"]["StringLike"].values()
    assert subject == {"Fn::Sub": "repo:${Repository}:*"}
    assert "StringEquals" in trust["Condition"]
