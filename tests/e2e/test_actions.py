"""Machines of actions in Python, whose actions come in a layer and have rights of their own."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.e2e.installation import SURROUNDINGS, Cloud, Installation, run_cloudseam
from tests.processes import wait_until

SAMPLES = Path(__file__).parents[2] / "machines"
# Lambda unpacks layers into /opt. The emulator does not, and this makes up for it: it is run from
# the layer before the function is imported, wherever it lies.
OPT = (
    'import os; os.environ["ACTIONS_PATH"] = os.environ["ACTIONS_PATH"]'
    '.replace("/opt", os.path.join(sitedir, *[".."] * 4), 1)\n'
)
GATED = """\
machines:
- name: gated
  max_retries: 0
  states:
  - name: Wait
    initial: true
    do_action: gates.Pass
    transitions: [{target: Passed, event: passed}]
  - {name: Passed, final: true}
"""
GATES = """\
import boto3
from cloudseam.actions import Action


class Pass(Action):
    def execute(self, context, obj):
        boto3.client("s3").get_object(Bucket=context["gates"], Key=context.correlation_id)
        return "passed"
"""


def layer() -> bytes:
    """A zip with actions, as docs/operations.md says."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(SAMPLES / "actions" / "example.py", "actions/example.py")
        archive.writestr("actions/gates.py", GATES)
        archive.writestr("python/lib/python3.13/site-packages/opt.pth", OPT)
    return content.getvalue()


@pytest.fixture(scope="module")
def installation(cloud: Cloud) -> Installation:
    """A deployment with such a layer, whose actions may read gates and nothing else."""
    published = cloud.client("lambda").publish_layer_version(
        LayerName="actions", Content={"ZipFile": layer()}, CompatibleRuntimes=["python3.13"]
    )
    installation = Installation(
        cloud,
        "with-actions",
        {
            "ActionsLayerArn": published["LayerVersionArn"],
            "ActionsPolicyArn": cloud.outputs(SURROUNDINGS)["MayReadGates"],
        },
    )
    installation.deploy()
    installation.put_machine("Example", (SAMPLES / "Example.yml").read_text())
    installation.put_machine("gated", GATED)
    return installation


def ran(installation: Installation, stack: str) -> list[str]:
    """Which actions say in the function's log that they ran for a stack, in order."""
    said = installation.log("task-satisfier").splitlines()
    return [line.split(f"{stack}: ")[1].split()[0] for line in said if f"{stack}: Action" in line]


def contexts(installation: Installation) -> list[str]:
    """The keys of the stored contexts."""
    listed = installation.cloud.client("s3").list_objects_v2(
        Bucket=installation.outputs["ContextBucket"]
    )
    return [found["Key"] for found in listed.get("Contents", [])]


@pytest.mark.parametrize(
    ("way", "numbers"),
    [
        pytest.param("done", [1, 2, 3, 4, 5, 6, 7, 8, 9], id="done"),
        pytest.param("skip", [1, 2, 3, 7, 8, 9], id="skip"),
    ],
)
def test_a_machine_is_driven_by_a_start_through_the_queue(
    installation: Installation, way: str, numbers: list[int]
) -> None:
    stack = f"by-{way}"

    installation.send(stack, "START", machine="Example", context={"way": way})

    assert installation.ends(stack), installation.log("task-satisfier")
    assert wait_until(lambda: len(ran(installation, stack)) >= len(numbers), 30, pause=0.2)
    assert ran(installation, stack) == [f"Action{number}" for number in numbers]


def test_a_large_context_goes_through_the_bucket_and_an_event_brings_something_to_it(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "context.json"
    file.write_text(json.dumps({"way": None, "big": "x" * 150_000}))
    settings = {**installation.settings, "CONTEXT_BUCKET": installation.outputs["ContextBucket"]}

    started = run_cloudseam(settings, ["start", "Example", "--id", "big", "--context", str(file)])
    assert started.returncode == 0, started.stderr
    assert installation.reaches("big", "FirstState"), installation.log("task-satisfier")
    parked = json.loads(installation.cloudseam("show", "big", "--json"))["progress"]
    kept = contexts(installation)
    installation.cloudseam("send", "big", "skip", "--context", '{"more": 1}')

    assert installation.ends("big"), installation.log("task-satisfier")
    assert parked["context"]["bytes"] > 150_000
    assert parked["context"]["stored"] in kept
    # It is removed once the invocation after the one that took its place was answered.
    dropped = parked["context"]["stored"]
    assert wait_until(lambda: dropped not in contexts(installation), 30, pause=0.2)


def test_an_action_that_fails_ends_on_the_dead_letter_queue_and_goes_on_when_it_is_redriven(
    cloud: Cloud, installation: Installation
) -> None:
    gates = cloud.outputs(SURROUNDINGS)["Gates"]

    installation.send("shut", "START", machine="gated", context={"gates": gates})
    assert installation.has_letters("EventDeadLetterQueueUrl")
    [letter] = json.loads(installation.cloudseam("dlq", "list", "--json", "--queue", "event"))
    failed = installation.stack("shut")
    cloud.client("s3").put_object(Bucket=gates, Key="shut", Body=b"")
    installation.cloudseam("dlq", "redrive", letter["id"])

    assert installation.ends("shut"), installation.log("task-satisfier")
    assert failed is not None
    assert failed.has_failed
    assert "gates.Pass" in letter["reason"]
    assert "NoSuchKey" in letter["reason"]
    assert installation.letters("EventDeadLetterQueueUrl") == 0
