"""Rules of the Task state (spec, "Task State"; developer guide, "Integrating services")."""

import re

from cloudseam.languages.asl.diagnostic import WARNING
from cloudseam.languages.asl.rules.jsonata import check_query, is_queried
from cloudseam.languages.asl.rules.paths import is_expression
from cloudseam.languages.asl.rules.value import Setting, Value

EXPRESS = "EXPRESS"
# The spec asks for a URI. Step Functions takes ARNs only; here a task may have another scheme.
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s{}<>\"\\^`]+")
# What CloudFormation or a person fills in: `${Function}`, `<PARTITION>`.
PLACEHOLDER = re.compile(r"\$\{[\w:.-]+\}|<[\w-]+>")
LAMBDA = re.compile(
    r"arn:[\w-]*:lambda:[\w-]*:[\w-]*:function:[\w-]+(:(\$LATEST|[\w-]+))?", re.ASCII
)
A_FUNCTION = re.compile(r"arn:[\w-]*:lambda:")
AN_ACTIVITY = re.compile(r"arn:[\w-]*:states:[\w-]*:[\w-]*:activity:")
AN_INTEGRATION = re.compile(r"arn:[\w-]*:states:[\w-]*:[\w-]*:(?P<service>[\w-]+):(?P<call>.*)")
CALL_BACK, JOB, JOB_WITH_JSON = ".waitForTaskToken", ".sync", ".sync:2"
# Services whose calls have no such form (developer guide, "Integrating optimized services").
WITHOUT_JOB = frozenset({"apigateway", "aws-sdk", "dynamodb", "events", "lambda", "sns", "sqs"})
WITHOUT_CALL_BACK = frozenset(
    {
        "athena",
        "batch",
        "codebuild",
        "databrew",
        "dynamodb",
        "elasticmapreduce",
        "emr-containers",
        "emr-serverless",
        "glue",
        "mediaconvert",
        "sagemaker",
    }
)


def resource(value: Value, setting: Setting) -> None:
    """What does the work."""
    name = value.text()
    if name is None:
        return
    if PLACEHOLDER.search(name):
        said = "Value is a resource ARN only once its placeholders are filled in"
        value.add(said, severity=WARNING)
        name = PLACEHOLDER.sub("placeholder", name)
        if name == "placeholder":
            return
    is_function = A_FUNCTION.match(name)
    if not URI.fullmatch(name) or (is_function and not LAMBDA.fullmatch(name)):
        value.add("Value is not a valid resource ARN")
        return
    found = AN_INTEGRATION.fullmatch(name)
    if found and not _has_form(found["service"], found["call"]):
        value.add(f"The resource provided {name} is not recognized")
    elif setting.kind == EXPRESS:
        _in_express(value, name)


def credentials(value: Value, setting: Setting) -> None:
    """The role that the work is done in."""
    members = value.members()
    if members is None:
        return
    role = members.get("RoleArn")
    if not setting.is_jsonata and "RoleArn.$" in members:
        if not is_expression(members["RoleArn.$"].json):
            value.add(
                "The value for the field 'RoleArn.$' must be a valid JSONPath or a valid "
                "intrinsic function call",
                key="RoleArn.$",
            )
    elif role is None:
        value.add("The field 'RoleArn' is required but was missing")
    elif is_queried(role, setting):
        check_query(role)
    else:
        role.text()


def beats_in_time(value: Value) -> None:
    """A heartbeat is due before the time is over (spec, "Task State")."""
    seconds = [value.json.get(name) for name in ("HeartbeatSeconds", "TimeoutSeconds")]
    if all(isinstance(each, int) and not isinstance(each, bool) for each in seconds):
        heartbeat, timeout = seconds
        if heartbeat >= timeout:
            said = "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'"
            value.add(said, key="HeartbeatSeconds")


def _has_form(service: str, call: str) -> bool:
    """Whether a service can be called so."""
    if call.endswith(JOB_WITH_JSON):
        return service == "states"
    if call.endswith(JOB):
        return service not in WITHOUT_JOB
    return not (call.endswith(CALL_BACK) and service in WITHOUT_CALL_BACK)


def _in_express(value: Value, name: str) -> None:
    """An Express execution waits for nobody."""
    if AN_ACTIVITY.match(name):
        value.add("Express state machine does not support Activity ARN")
    elif name.endswith(CALL_BACK):
        # The space at the end is Step Functions' own.
        value.add(f"Express state machine does not support '{CALL_BACK}' service integration ")
    elif name.endswith((JOB, JOB_WITH_JSON)):
        value.add(f"Express state machine does not support '{JOB}' service integration")
