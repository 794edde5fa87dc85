"""The deployed functions, with their roles' rights alone: driven through the queues only."""

import json

import pytest

from tests.e2e.installation import MACHINES, SURROUNDINGS, Cloud, Installation, has_terraform
from tests.emulated import received
from tests.integration.task_satisfier.real_terraform import resources
from tests.processes import wait_until

STACKS_AT_ONCE = 20
# The transitions of a whole life on `functions`.
FUNCTIONS_LIFE = [("INIT", "GREET"), ("GREET", "RUN"), ("RUN", "END"), ("END", "REMOVED")]


def state_of_network(cloud: Cloud, stack: str) -> list[str]:
    """What Terraform knows of a stack's network."""
    bucket = cloud.outputs(SURROUNDINGS)["TerraformStates"]
    kept = cloud.client("s3").get_object(Bucket=bucket, Key=f"life/{stack}/network")
    return resources(kept["Body"].read())


@pytest.mark.skipif(
    not has_terraform(), reason="`make terraform-layer` has put none into the layer"
)
def test_a_life_with_terraform_and_lambda_tasks(cloud: Cloud, installation: Installation) -> None:
    stack = f"life-{installation.name}"

    installation.send(stack, "LAUNCH", machine="life")
    assert installation.reaches(stack, "RUN")
    launched = installation.stack(stack)
    installation.send(stack, "UPDATE")
    assert installation.reaches(stack, "RUN")
    made = state_of_network(cloud, stack)
    installation.send(stack, "DESTROY")

    assert installation.ends(stack)
    assert launched
    assert launched.outputs == {"network": {"name": f"{stack} of 1"}}
    assert f"hello {stack}" in cloud.log("greet")
    assert made == ["terraform_data.net"]
    assert state_of_network(cloud, stack) == []


def test_many_stacks_at_once(installation: Installation) -> None:
    names = [f"many-{number}" for number in range(STACKS_AT_ONCE)]

    for name in names:
        installation.send(name, "LAUNCH", machine="functions")
    running = [installation.reaches(name, "RUN") for name in names]
    for name in names:
        installation.send(name, "FINISH")

    assert running == [True] * len(names)
    assert [installation.ends(name) for name in names] == [True] * len(names)


def test_a_bus_is_told_of_every_transition(cloud: Cloud, installation: Installation) -> None:
    stack = f"told-{installation.name}"
    heard: dict[str, tuple[str, str]] = {}

    def is_all_heard() -> bool:
        heard.update(notices(cloud, stack))
        return len(heard) >= len(FUNCTIONS_LIFE)

    installation.send(stack, "LAUNCH", machine="functions")
    assert installation.reaches(stack, "RUN")
    installation.send(stack, "FINISH")

    assert installation.ends(stack)
    assert wait_until(is_all_heard, 30, pause=0.2)
    assert sorted(heard.values()) == sorted(FUNCTIONS_LIFE)


def notices(cloud: Cloud, stack: str) -> dict[str, tuple[str, str]]:
    """From and to of the transitions of a stack that were told since the last look, by id."""
    heard = received(cloud.client("sqs"), cloud.outputs(SURROUNDINGS)["Told"])
    details = [json.loads(message["Body"])["detail"] for message in heard]
    return {told["id"]: (told["from"], told["to"]) for told in details if told["stackId"] == stack}


def test_a_poisonous_event_is_dead_lettered_with_its_reason_and_works_once_redriven(
    installation: Installation,
) -> None:
    installation.send("early", "LAUNCH", machine="late")

    [letter] = dead_letters(installation, "EventDeadLetterQueueUrl")
    installation.put_machine("late", (MACHINES / "functions.yml").read_text())
    installation.cloudseam("dlq", "redrive", letter["id"])

    assert "'late'" in letter["reason"]
    assert installation.reaches("early", "RUN")
    assert installation.letters("EventDeadLetterQueueUrl") == 0


def test_a_message_that_is_no_task_is_dead_lettered_with_its_reason(
    on_dynamodb: Installation,
) -> None:
    on_dynamodb.send_text("no task", queue="TaskQueueUrl")

    [letter] = dead_letters(on_dynamodb, "TaskDeadLetterQueueUrl")

    assert "JSON" in letter["reason"]


def dead_letters(installation: Installation, queue: str) -> list[dict[str, str]]:
    """The letters that come onto a dead-letter queue, as `cloudseam dlq list` tells them."""
    assert installation.has_letters(queue)
    what = "event" if queue.startswith("Event") else "task"
    told: list[dict[str, str]] = json.loads(
        installation.cloudseam("dlq", "list", "--json", "--queue", what)
    )
    return told
