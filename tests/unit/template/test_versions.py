"""With snapshots, what takes events is always the newest version."""

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
