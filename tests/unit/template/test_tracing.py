"""X-Ray is on where it is asked for, and needs no right where it is not."""

from typing import Any

import pytest

from tests.template import RESOURCES, TEMPLATE

GLOBALS = TEMPLATE["Globals"]["Function"]
NOTHING = {"Ref": "AWS::NoValue"}


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert TEMPLATE["Parameters"]["TracingMode"]["Default"] == "Disabled"
    assert TEMPLATE["Conditions"]["Traces"] == {"Fn::Equals": [{"Ref": "TracingMode"}, "Active"]}


def test_lambda_and_the_code_trace_together() -> None:
    variables = GLOBALS["Environment"]["Variables"]

    assert GLOBALS["Tracing"] == {"Fn::If": ["Traces", "Active", "PassThrough"]}
    assert variables["CLOUDSEAM_TRACING"] == {"Fn::If": ["Traces", "1", NOTHING]}


@pytest.mark.parametrize("role", ["StateMachineRole", "TaskSatisfierRole"])
def test_a_function_may_send_traces_only_where_there_are_some(role: str) -> None:
    (policy,) = RESOURCES[role]["Properties"]["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]

    (choice,) = (each["Fn::If"] for each in statements if "xray" in str(each))

    assert choice == [
        "Traces",
        {
            "Sid": "Trace",
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": "*",
        },
        NOTHING,
    ]
