"""Machines and deployments change while stacks are on their way, and a deployment ends."""

from pathlib import Path
from typing import Any

import yaml

from tests.e2e.installation import MACHINES, PATIENCE_SECONDS, SURROUNDINGS, Cloud, Installation
from tests.e2e.sam import BUILT_TEMPLATE
from tests.processes import wait_until

FUNCTIONS = (MACHINES / "functions.yml").read_text()


def test_stacks_stay_on_their_machine_while_it_and_the_deployment_change(
    cloud: Cloud, installation: Installation, tmp_path: Path
) -> None:
    template = yaml.safe_load(cloud.packaged.read_text())
    template["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] = "DEBUG"
    derived = tmp_path / "template.yaml"
    derived.write_text(yaml.safe_dump(template))
    name = installation.name
    waiting, later = [f"waits-1-{name}", f"waits-2-{name}"], f"comes-later-{name}"
    for stack in waiting:
        installation.send(stack, "LAUNCH", machine="functions")
        assert installation.reaches(stack, "RUN")
        installation.send(stack, "WAIT")
    assert wait_until(lambda: all(map(installation.has_failed, waiting)), PATIENCE_SECONDS)
    schedules = cloud.client("scheduler").list_schedules(GroupName=f"{name}-timers")

    installation.put_machine("functions", FUNCTIONS.replace("THROUGH", "PASSED"))
    open_gates(cloud, *waiting, later)
    installation.deploy(derived)
    installation.send(later, "LAUNCH", machine="functions")
    assert installation.reaches(later, "RUN")
    installation.send(later, "WAIT")

    assert len(schedules["Schedules"]) == len(waiting)
    assert [installation.reaches(stack, "THROUGH") for stack in waiting] == [True, True]
    assert installation.reaches(later, "PASSED")


def test_a_changed_parameter_reaches_the_function_that_takes_events(
    cloud: Cloud, on_postgres: Installation
) -> None:
    on_postgres.deploy(LogLevel="WARNING")

    assert log_level_of_what_takes_events(cloud) == "WARNING"


def test_with_snapshots_a_changed_parameter_is_a_new_version_that_takes_events(
    cloud: Cloud, on_postgres: Installation
) -> None:
    on_postgres.deploy(SnapStart="on")
    first = what_takes_events(cloud)
    on_postgres.deploy(LogLevel="ERROR")

    assert first["SnapStart"]["ApplyOn"] == "PublishedVersions"
    assert int(what_takes_events(cloud)["Version"]) > int(first["Version"])
    assert log_level_of_what_takes_events(cloud) == "ERROR"
    on_postgres.send("snapped", "LAUNCH", machine="functions")
    assert on_postgres.reaches("snapped", "RUN")


def log_level_of_what_takes_events(cloud: Cloud) -> str:
    return str(what_takes_events(cloud)["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"])


def what_takes_events(cloud: Cloud) -> dict[str, Any]:
    """The function, or its version, that the event queue's messages go to."""
    queue = "arn:aws:sqs:us-east-1:000000000000:on-postgres-events"
    [mapping] = cloud.client("lambda").list_event_source_mappings(EventSourceArn=queue)[
        "EventSourceMappings"
    ]
    taking = cloud.client("lambda").get_function_configuration(FunctionName=mapping["FunctionArn"])
    return dict(taking)


def open_gates(cloud: Cloud, *stacks: str) -> None:
    """Lets the gated tasks of these stacks succeed."""
    gates = cloud.outputs(SURROUNDINGS)["Gates"]
    for stack in stacks:
        cloud.client("s3").put_object(Bucket=gates, Key=stack, Body=b"open")


def test_a_deleted_deployment_leaves_its_stacks_and_machines_and_nothing_else(
    cloud: Cloud,
) -> None:
    installation = Installation(cloud, "ends")
    # As `sam build && sam deploy` does. What was packed for all stays: SAM deletes code as well.
    installation.deploy(BUILT_TEMPLATE)
    installation.put_machines()
    installation.send("stays", "LAUNCH", machine="functions")
    assert installation.reaches("stays", "RUN")

    cloud.sam.delete("ends")

    stack = installation.stack("stays")
    assert stack
    assert stack.state == "RUN"
    machines = cloud.client("s3").list_objects_v2(Bucket=installation.outputs["MachineBucket"])
    assert "machines/functions.yml" in {each["Key"] for each in machines["Contents"]}
    assert left_of(cloud, "ends") == []


def left_of(cloud: Cloud, name: str) -> list[str]:
    """What is still there of a deployment, but for the table and the bucket."""
    functions = cloud.client("lambda").list_functions()["Functions"]
    layers = cloud.client("lambda").list_layers()["Layers"]
    groups = cloud.client("scheduler").list_schedule_groups()["ScheduleGroups"]
    schedules = cloud.client("scheduler").list_schedules()["Schedules"]
    roles = cloud.client("iam").list_roles()["Roles"]
    logs = cloud.client("logs").describe_log_groups()["logGroups"]
    queues = cloud.client("sqs").list_queues(QueueNamePrefix=f"{name}-").get("QueueUrls", [])
    names = [
        *(each["FunctionName"] for each in functions),
        *(each["LayerName"] for each in layers),
        *(each["Name"] for each in groups),
        *(each["Name"] for each in schedules),
        *(each["RoleName"] for each in roles),
        *(each["logGroupName"].removeprefix("/aws/lambda/") for each in logs),
    ]
    return [*queues, *(each for each in names if each.startswith(f"{name}-"))]
