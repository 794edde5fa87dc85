"""A machine in Amazon States Language on the deployed functions: tasks, a retry and a wait."""

import json

from tests.e2e.installation import SURROUNDINGS, Cloud, Installation
from tests.processes import wait_until

# The gate is shut at first: the function fails until there is an object of the execution's name.
DEFINITION = """\
StartAt: Pass the gate
States:
  Pass the gate:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {FunctionName: gated, Payload: {stackId.$: $$.Execution.Name}}
    Retry:
    - {ErrorEquals: [States.TaskFailed], IntervalSeconds: 1, MaxAttempts: 60, BackoffRate: 1.0}
    ResultPath: $.gate
    Next: Pause
  Pause: {Type: Wait, Seconds: 1, Next: Greet}
  Greet:
    Type: Task
    Resource: GREET
    Parameters: {stackId.$: $$.Execution.Name, args: {word.$: $.word}}
    ResultPath: null
    Next: Polite?
  Polite?:
    Type: Choice
    Choices: [{Variable: $.word, StringEquals: hello, Next: Done}]
  Done: {Type: Succeed}
"""


def history(installation: Installation, execution: str) -> list[str]:
    """The types of the events of an execution, in order."""
    told = installation.cloudseam("history", execution, "--log", "--json", "--limit", "1000")
    return [event["type"] for event in json.loads(told)["events"]]


def test_an_execution_retries_waits_and_ends(cloud: Cloud, installation: Installation) -> None:
    around = cloud.outputs(SURROUNDINGS)
    execution = f"greeting-{installation.name}"
    installation.put_machine("greeting.asl", DEFINITION.replace("GREET", around["Greet"]))

    start = ("start", "greeting", "--id", execution, "--input", '{"word": "hello"}')
    installation.cloudseam(*start, "--wait", "60")
    assert wait_until(lambda: "TaskFailed" in history(installation, execution), 60, pause=0.2)
    cloud.client("s3").put_object(Bucket=around["Gates"], Key=execution, Body=b"")

    assert installation.reaches(execution, "SUCCEEDED"), installation.log("task-satisfier")
    assert f"hello {execution}" in cloud.log("greet")
    types = history(installation, execution)
    assert types[-1] == "ExecutionSucceeded"
    for once in ("TaskSucceeded", "WaitStateExited", "LambdaFunctionSucceeded"):
        assert types.count(once) == 1
    assert types.count("TaskScheduled") == types.count("TaskFailed") + 1
    shown = json.loads(installation.cloudseam("show", execution, "--json"))
    assert (shown["state"], shown["tasks"]) == ("SUCCEEDED", [])
