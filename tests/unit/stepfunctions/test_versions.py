"""Versions and aliases of state machines, and what executions that they start run on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.aliases import Alias
from cloudseam_cli.stepfunctions.engine import Engine
from tests.stepfunctions import IdleExecutors
from tests.unit.stepfunctions.conftest import Call, MakeMachine, Refused

PASS = {"P": {"Type": "Pass", "End": True}}
PLACE = "arn:aws:states:us-east-1:000000000000:stateMachine"


def giving(value: Any) -> str:
    """A definition whose output is that value."""
    states = {"P": {"Type": "Pass", "Result": value, "End": True}}
    return json.dumps({"StartAt": "P", "States": states})


def output_of(call: Call, arn: str) -> Any:
    """Starts an execution, and gives its output."""
    execution = call("StartExecution", stateMachineArn=arn)["executionArn"]
    return json.loads(call("DescribeExecution", executionArn=execution)["output"])


def publish(call: Call, arn: str, value: Any) -> str:
    """Updates a state machine to give a value, and publishes it; the version's ARN."""
    told = call("UpdateStateMachine", stateMachineArn=arn, definition=giving(value), publish=True)
    return str(told["stateMachineVersionArn"])


def routed(*versions: tuple[str, int]) -> list[Mapping[str, Any]]:
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in versions]


def test_an_execution_of_a_version_runs_the_definition_of_that_version(
    call: Call, machine: MakeMachine
) -> None:
    arn = machine(PASS)
    first, second = publish(call, arn, 1), publish(call, arn, 2)
    call("UpdateStateMachine", stateMachineArn=arn, definition=giving(3))

    assert [output_of(call, each) for each in (first, second, arn)] == [1, 2, 3]


def test_it_goes_on_with_it_whatever_becomes_of_the_version(
    call: Call, machine: MakeMachine, engine: Engine
) -> None:
    wait = {"W": {"Type": "Wait", "Seconds": 60, "Next": "P"}}
    arn = machine({**wait, "P": {"Type": "Pass", "Result": 1, "End": True}}, publish=True)
    execution = call("StartExecution", stateMachineArn=f"{arn}:1", name="e")["executionArn"]
    publish(call, arn, 2)
    call("DeleteStateMachineVersion", stateMachineVersionArn=f"{arn}:1")

    described = call("DescribeStateMachineForExecution", executionArn=execution)

    assert json.loads(described["definition"])["StartAt"] == "W"
    assert engine.stop("m:e", {}).state == "ABORTED"


def test_executions_tell_of_the_version_and_the_alias_that_started_them(
    call: Call, machine: MakeMachine
) -> None:
    arn = machine(PASS, publish=True)
    version = f"{arn}:1"
    call("CreateStateMachineAlias", name="live", routingConfiguration=routed((version, 100)))
    for name, of in (("plain", arn), ("version", version), ("alias", f"{arn}:live")):
        call("StartExecution", stateMachineArn=of, name=name)

    def told(of: str) -> dict[str, tuple[str | None, str | None]]:
        return {
            each["name"]: (each.get("stateMachineVersionArn"), each.get("stateMachineAliasArn"))
            for each in call("ListExecutions", stateMachineArn=of)["executions"]
        }

    by_version, by_alias = {"version": (version, None)}, {"alias": (version, f"{arn}:live")}
    assert told(arn) == {"plain": (None, None), **by_version, **by_alias}
    assert told(version) == {**by_version, **by_alias}
    assert told(f"{arn}:live") == by_alias


def test_executions_of_a_version_come_page_by_page(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS, publish=True)
    for number in range(6):
        of = f"{arn}:1" if number % 3 == 0 else arn
        call("StartExecution", stateMachineArn=of, name=f"e{number}")

    first = call("ListExecutions", stateMachineArn=f"{arn}:1", maxResults=1)
    rest = call(
        "ListExecutions", stateMachineArn=f"{arn}:1", maxResults=5, nextToken=first["nextToken"]
    )

    assert [each["name"] for each in first["executions"]] == ["e3"]
    assert [each["name"] for each in rest["executions"]] == ["e0"]
    assert "nextToken" not in rest


def test_a_number_is_given_once(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS)
    second = [publish(call, arn, 1), publish(call, arn, 2)][1]
    call("DeleteStateMachineVersion", stateMachineVersionArn=second)

    assert publish(call, arn, 3) == f"{arn}:3"
    listed = call("ListStateMachineVersions", stateMachineArn=arn)["stateMachineVersions"]
    assert [each["stateMachineVersionArn"] for each in listed] == [f"{arn}:3", f"{arn}:1"]


def test_a_revision_is_published_once(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS)
    first = call("PublishStateMachineVersion", stateMachineArn=arn, revisionId="INITIAL")

    assert call("PublishStateMachineVersion", stateMachineArn=arn) == first


def test_a_version_that_an_alias_leads_to_stays(
    call: Call, refused: Refused, machine: MakeMachine
) -> None:
    arn = machine(PASS, publish=True)
    call("CreateStateMachineAlias", name="live", routingConfiguration=routed((f"{arn}:1", 100)))

    name, text = refused("DeleteStateMachineVersion", stateMachineVersionArn=f"{arn}:1")

    assert name == "ConflictException"
    assert "[live]" in text


def test_weights_say_how_often_a_version_is_drawn() -> None:
    alias = Alias("m", "live", {"1": 0, "2": 30, "3": 70}, "", 0, 0)

    assert [alias.version(chance / 100) for chance in (0, 29, 30, 99)] == [2, 2, 3, 3]


@pytest.mark.parametrize("weight", [0, 100])
def test_an_alias_leads_to_its_versions(call: Call, machine: MakeMachine, weight: int) -> None:
    arn = machine(PASS)
    first, second = publish(call, arn, 0), publish(call, arn, 100)
    routing = routed((second, weight), (first, 100 - weight))
    call("CreateStateMachineAlias", name="live", routingConfiguration=routing)

    assert output_of(call, f"{arn}:live") == weight


def test_aliases_of_a_version_are_listed(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS)
    first, second = publish(call, arn, 1), publish(call, arn, 2)
    call("CreateStateMachineAlias", name="one", routingConfiguration=routed((first, 100)))
    call(
        "CreateStateMachineAlias",
        name="both",
        routingConfiguration=routed((first, 50), (second, 50)),
    )

    def names(of: str) -> list[str]:
        listed = call("ListStateMachineAliases", stateMachineArn=of)["stateMachineAliases"]
        return [each["stateMachineAliasArn"].rpartition(":")[2] for each in listed]

    assert (names(arn), names(first), names(second)) == (["both", "one"],) * 2 + (["both"],)


def test_all_go_with_their_state_machine(
    call: Call, refused: Refused, machine: MakeMachine
) -> None:
    arn = machine(PASS, publish=True)
    call("CreateStateMachineAlias", name="live", routingConfiguration=routed((f"{arn}:1", 100)))
    call("DeleteStateMachine", stateMachineArn=arn)
    machine(PASS)

    assert call("ListStateMachineVersions", stateMachineArn=arn) == {"stateMachineVersions": []}
    for qualifier in ("1", "live"):
        fault = refused("StartExecution", stateMachineArn=f"{arn}:{qualifier}")
        assert fault[0] == "StateMachineDoesNotExist"


@pytest.mark.parametrize(
    ("operation", "told", "name"),
    [
        pytest.param(
            "CreateStateMachineAlias",
            {"name": "a", "routingConfiguration": routed((f"{PLACE}:m:1", 99))},
            "ValidationException",
            id="weights",
        ),
        pytest.param(
            "CreateStateMachineAlias",
            {
                "name": "a",
                "routingConfiguration": routed((f"{PLACE}:m:1", 50), (f"{PLACE}:n:1", 50)),
            },
            "ValidationException",
            id="versions of two machines",
        ),
        pytest.param(
            "CreateStateMachineAlias",
            {"name": "a", "routingConfiguration": routed((f"{PLACE}:m:2", 100))},
            "ResourceNotFound",
            id="no such version",
        ),
        pytest.param(
            "CreateStateMachineAlias",
            {"name": "a", "routingConfiguration": routed((f"{PLACE}:m", 100))},
            "InvalidArn",
            id="no version",
        ),
        pytest.param(
            "DescribeStateMachineAlias",
            {"stateMachineAliasArn": f"{PLACE}:m:a"},
            "ResourceNotFound",
            id="no such alias",
        ),
        pytest.param(
            "UpdateStateMachineAlias",
            {"stateMachineAliasArn": f"{PLACE}:m:live"},
            "ValidationException",
            id="nothing to change",
        ),
        pytest.param(
            "PublishStateMachineVersion",
            {"stateMachineArn": f"{PLACE}:m", "revisionId": "r"},
            "ConflictException",
            id="another revision",
        ),
        pytest.param(
            "StartExecution",
            {"stateMachineArn": f"{PLACE}:m:9"},
            "StateMachineDoesNotExist",
            id="start of no version",
        ),
        pytest.param(
            "StartExecution",
            {"stateMachineArn": f"{PLACE}:m:{'9' * 30}"},
            "StateMachineDoesNotExist",
            id="a number that no database keeps",
        ),
        pytest.param(
            "DeleteStateMachineVersion",
            {"stateMachineVersionArn": f"{PLACE}:m:{'9' * 30}"},
            "InvalidArn",
            id="removal of such a one",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    call: Call,
    refused: Refused,
    machine: MakeMachine,
    operation: str,
    told: dict[str, Any],
    name: str,
) -> None:
    arn = machine(PASS, publish=True)
    call("CreateStateMachineAlias", name="live", routingConfiguration=routed((f"{arn}:1", 100)))

    assert refused(operation, **told)[0] == name


def test_they_are_kept_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "executions.sqlite"
    engine = Engine(file, IdleExecutors())
    made = {"name": "m", "definition": giving(1), "roleArn": "arn:aws:iam::0:role/r"}
    arn = api.call(engine, "CreateStateMachine", {**made, "publish": True})["stateMachineArn"]
    alias = {"name": "live", "routingConfiguration": routed((f"{arn}:1", 100))}
    api.call(engine, "CreateStateMachineAlias", alias)
    api.call(engine, "UpdateStateMachine", {"stateMachineArn": arn, "definition": giving(2)})
    engine.close()

    again = Engine(file, IdleExecutors())
    try:
        assert output_of(lambda name, **told: api.call(again, name, told), f"{arn}:live") == 1
    finally:
        again.close()
