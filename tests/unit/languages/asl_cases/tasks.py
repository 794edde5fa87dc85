"""Tasks."""

from tests.unit.languages.asl_cases.case import (
    EXPRESSION,
    FUNCTION,
    INTEGER,
    LAMBDA,
    OBJECT,
    ONE,
    TEXT,
    Case,
    at,
    of,
)

CASES = [
    *[
        Case(f"the resource {name}", of("Task", Resource=name), [])
        for name in (
            FUNCTION,
            f"{FUNCTION}:$LATEST",
            f"{FUNCTION}:a_1-B",
            LAMBDA,
            "arn:aws:states:us-east-1:123456789012:activity:a",
            "arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken",
            "arn:aws:states:::aws-sdk:s3:listBuckets.waitForTaskToken",
            "arn:aws:states:::states:startExecution.sync:2",
            "terraform:network",
        )
    ],
    *[
        Case(
            f"no resource: {name}",
            of("Task", Resource=name),
            at("/Resource", "Value is not a valid resource ARN"),
        )
        for name in (
            "",
            "create",
            "${lambdaArn",
            f"{FUNCTION}:",
            f"{FUNCTION}:$*",
            "arn:aws:lambda:us-east-1:1:f",
            "arn aws:x",
        )
    ],
    *[
        Case(
            f"no such call: {name}",
            of("Task", Resource=name),
            at("/Resource", f"The resource provided {name} is not recognized"),
        )
        for name in (
            "arn:aws:states:::lambda:invoke.sync",
            "arn:aws:states:::sqs:sendMessage.sync",
            "arn:aws:states:::dynamodb:getItem.waitForTaskToken",
            "arn:aws:states:::batch:submitJob.sync:2",
        )
    ],
    *[
        Case(
            f"a resource to be filled in: {name}",
            of("Task", Resource=name),
            at("/Resource", "Value is a resource ARN only once its placeholders are filled in"),
        )
        for name in (
            "${Function}",
            "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:f",
            "arn:<PARTITION>:states:::batch:submitJob.sync",
        )
    ],
    Case("a resource that is no text", of("Task", Resource={"Ref": "f"}), at("/Resource", TEXT)),
    Case(
        "a call back in Express",
        of("Task", Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        at(
            "/Resource",
            "Express state machine does not support '.waitForTaskToken' service integration ",
        ),
        "EXPRESS",
    ),
    Case(
        "a job in Express",
        of("Task", Resource="arn:aws:states:::batch:submitJob.sync"),
        at("/Resource", "Express state machine does not support '.sync' service integration"),
        "EXPRESS",
    ),
    Case(
        "an activity in Express",
        of("Task", Resource="arn:aws:states:us-east-1:1:activity:a"),
        at("/Resource", "Express state machine does not support Activity ARN"),
        "EXPRESS",
    ),
    Case(
        "a call in Express", of("Task", Resource="arn:aws:states:::sqs:sendMessage"), [], "EXPRESS"
    ),
    Case("a role", of("Task", Credentials={"RoleArn": "arn:aws:iam::1:role/r"}), []),
    Case("a role by a path", of("Task", Credentials={"RoleArn.$": "$.r"}), []),
    Case(
        "a role by no path",
        of("Task", Credentials={"RoleArn.$": "r"}),
        at("/Credentials", EXPRESSION.format("RoleArn.$")),
    ),
    Case(
        "no role",
        of("Task", Credentials={}),
        at("/Credentials", "The field 'RoleArn' is required but was missing"),
    ),
    Case("no credentials", of("Task", Credentials=None), at("/Credentials", OBJECT)),
    Case(
        "a time-out of 0", of("Task", TimeoutSeconds=0), at("/TimeoutSeconds", "Minimum value is 1")
    ),
    Case(
        "a time-out beyond the limit",
        of("Task", TimeoutSeconds=10**8),
        at("/TimeoutSeconds", "Maximum value is 99999999"),
    ),
    Case(
        "a time-out in a fraction", of("Task", TimeoutSeconds=1.5), at("/TimeoutSeconds", INTEGER)
    ),
    Case(
        "a time-out that is true", of("Task", TimeoutSeconds=True), at("/TimeoutSeconds", INTEGER)
    ),
    Case(
        "two time-outs",
        of("Task", TimeoutSeconds=9, TimeoutSecondsPath="$.t"),
        at("", ONE.format("TimeoutSeconds, TimeoutSecondsPath")),
    ),
    Case(
        "two heartbeats",
        of("Task", HeartbeatSeconds=9, HeartbeatSecondsPath="$.t"),
        at("", ONE.format("HeartbeatSeconds, HeartbeatSecondsPath")),
    ),
    Case(
        "a heartbeat after the time-out",
        of("Task", TimeoutSeconds=5, HeartbeatSeconds=5),
        at("", "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'"),
    ),
    Case("a heartbeat before the time-out", of("Task", TimeoutSeconds=5, HeartbeatSeconds=4), []),
]
