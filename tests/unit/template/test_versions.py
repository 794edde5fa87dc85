"""With snapshots, what takes events is always the newest version."""

from typing import Any

import pytest

from tests.template import RESOURCES, TEMPLATE, statement


def test_events_and_the_sweep_go_to_the_version_with_the_snapshot_or_to_the_function() -> None:
    chosen = {
        "Fn::If": [
            "SnapStarts",
            {"Ref": "StateMachineFunction.Alias"},
            {"Fn::GetAtt": "StateMachineFunction.Arn"},
        ]
    }

    assert RESOURCES["StateMachineFunctionEvents"]["Properties"]["FunctionName"] == chosen
    assert RESOURCES["StateMachineFunctionSweep"]["Properties"]["Target"]["Arn"] == chosen
    assert statement("StateMachineFunctionSweepRole", "Sweep")["Resource"] == chosen


def test_each_parameter_that_the_state_machine_is_made_of_publishes_a_version() -> None:
    """Else events would go on to a version with the parameter's old value."""
    properties = dict(RESOURCES["StateMachineFunction"]["Properties"])
    description = properties.pop("VersionDescription")["Fn::If"][1]
    del properties["ReservedConcurrentExecutions"]  # is the function's, and no version's

    made_of = parameters_in([properties, TEMPLATE["Globals"]["Function"]])

    assert "CloudSeamLayer" in str(description)
    assert made_of - {"SnapStart"} == parameters_in(description)


def parameters_in(part: object) -> set[str]:
    """The parameters that a part of the template depends on, by way of conditions too."""
    told = str(part)
    conditions = {name for name in TEMPLATE["Conditions"] if f"'Fn::If': ['{name}'," in told}
    conditions |= {
        other
        for name in conditions
        for other in TEMPLATE["Conditions"]
        if f"'Condition': '{other}'" in str(TEMPLATE["Conditions"][name])
    }
    told += str([TEMPLATE["Conditions"][name] for name in conditions])
    return {
        name
        for name in TEMPLATE["Parameters"]
        if f"'Ref': '{name}'" in told or f"${{{name}}}" in told
    }


LETTERS = TEMPLATE["Mappings"]["Letters"]["Of"]
DESCRIPTION = RESOURCES["StateMachineFunction"]["Properties"]["VersionDescription"]["Fn::If"][1]
MOST_CHARACTERS = 256  # Lambda API reference, PublishVersion
ACCOUNT = "eu-central-1:123456789012"


def test_no_two_choices_of_a_parameter_have_the_same_letter() -> None:
    of = {
        each["Fn::FindInMap"][2]["Ref"]
        for part in DESCRIPTION["Fn::Join"][1]
        for each in part.get("Fn::Join", [None, []])[1]
        if "Fn::FindInMap" in each
    }

    assert len(of) == 10
    for parameter in of:
        choices = TEMPLATE["Parameters"][parameter]["AllowedValues"]
        assert len({LETTERS[str(choice)] for choice in choices}) == len(choices)


def longest(name_length: int) -> dict[str, Any]:
    """Each parameter at its longest, and names of so many characters, in a VPC of three subnets."""
    name = "n" * name_length
    choices = {
        parameter: max(map(str, declared["AllowedValues"]), key=len)
        for parameter, declared in TEMPLATE["Parameters"].items()
        if "AllowedValues" in declared
    }
    return choices | {
        "CloudSeamLayer": f"arn:aws:lambda:{ACCOUNT}:layer:{name}:9999",
        "ExistingTable": "",
        "PostgresSecretArn": f"arn:aws:secretsmanager:{ACCOUNT}:secret:{name}-AbCdEf",
        "MachinePrefix": name,
        "TaskLostAfter": TEMPLATE["Parameters"]["TaskLostAfter"]["MaxValue"],
        "StateMachineMemory": TEMPLATE["Parameters"]["StateMachineMemory"]["MaxValue"],
        "KmsKeyArn": f"arn:aws:kms:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "TransitionBus": name,
        "TransitionBusArn": "",
        "Environment": "prod",
        "ChaosFailureRate": "0.25",
        "ChaosDelayRate": "0.25",
        "ChaosDelaySeconds": "900",
        "VpcSubnetIds": [f"subnet-{number:017x}" for number in range(3)],
        "VpcSecurityGroupIds": [f"sg-{number:017x}" for number in range(2)],
    }


@pytest.mark.parametrize(
    ("name_length", "changed"),
    [
        (40, {}),
        (35, {"Environment": "dev"}),
        (31, {"TransitionBusArn": f"arn:aws:events:{ACCOUNT}:event-bus/{'n' * 31}"}),
        (32, {"KmsKeyArn": f"arn:aws:kms:{ACCOUNT}:key/mrk-{'1' * 32}"}),
        (68, {"VpcSubnetIds": [""], "VpcSecurityGroupIds": [""]}),
    ],
    ids=["as a rule", "with chaos", "a bus elsewhere", "a key of many Regions", "no VPC"],
)
def test_the_description_has_room_for_names_of_some_length(
    name_length: int, changed: dict[str, Any]
) -> None:
    """docs/operations.md says of which. Of longer ones nothing is cut: the deployment fails."""
    text = resolved(DESCRIPTION, longest(name_length) | changed)
    changed |= {name: arn.replace("/n", "/nn") for name, arn in changed.items() if "bus/" in arn}
    more = resolved(DESCRIPTION, longest(name_length + 1) | changed)

    assert len(text) <= MOST_CHARACTERS
    assert len(more) > MOST_CHARACTERS


@pytest.mark.parametrize(
    "name",
    [
        *("PostgresSecretArn", "MachinePrefix", "TaskLostAfter", "StateMachineMemory"),
        *("KmsKeyArn", "TransitionBus", "VpcSubnetIds", "VpcSecurityGroupIds", "CloudSeamLayer"),
    ],
)
def test_another_value_is_another_description(name: str) -> None:
    values = longest(10)
    told = values[name]
    other = told[::-1] if isinstance(told, list) else str(told).replace("n", "m").replace("1", "2")
    if name == "CloudSeamLayer":
        other = told.replace("9999", "9998")

    changed = resolved(DESCRIPTION, values | {name: other})

    assert other != told
    assert changed != resolved(DESCRIPTION, values)


@pytest.mark.parametrize("part", ["eu-central-1", "123456789012", "/bus"])
def test_a_bus_elsewhere_is_another_one_though_it_has_the_same_name(part: str) -> None:
    arn = f"arn:aws:events:{ACCOUNT}:event-bus/bus"
    values = longest(10) | {"TransitionBusArn": arn}

    changed = resolved(DESCRIPTION, values | {"TransitionBusArn": arn.replace(part, "other")})

    assert changed != resolved(DESCRIPTION, values)


def resolved(part: Any, values: dict[str, Any]) -> Any:
    """What CloudFormation makes of a part of the template with these values."""
    if not isinstance(part, dict):
        return part
    [(function, told)] = part.items()
    if function == "Ref":
        return values[told] if isinstance(values[told], list) else str(values[told])
    if function == "Fn::If":
        return resolved(told[1 if holds(told[0], values) else 2], values)
    if function == "Fn::FindInMap":
        return LETTERS[resolved(told[2], values)]
    if function == "Fn::Split":
        return resolved(told[1], values).split(told[0])
    if function == "Fn::Select":
        return resolved(told[1], values)[told[0]]
    if function == "Fn::Sub":
        for name, value in values.items():
            told = told.replace(f"${{{name}}}", str(value))
        return told
    assert function == "Fn::Join"
    parts = [resolved(each, values) for each in items(told[1], values)]
    return str(told[0]).join(parts)


def items(told: Any, values: dict[str, Any]) -> list[Any]:
    """A list as it is written, or the one that a function gives."""
    return list(told if isinstance(told, list) else resolved(told, values))


def holds(condition: str, values: dict[str, Any]) -> bool:
    """Whether a condition holds, which is an Equals, or not an Equals."""
    told = TEMPLATE["Conditions"][condition]
    is_not = "Fn::Not" in told
    left, right = (told["Fn::Not"][0] if is_not else told)["Fn::Equals"]
    return bool(resolved(left, values) == right) != is_not
