"""What errors of services are called in Amazon States Language, and what their causes say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)

from cloudseam.languages.asl.failure import RUNTIME
from task_satisfier.executors import OutOfTimeError, TaskFailedError

if TYPE_CHECKING:
    from cloudseam.languages.asl.resource import Integration

# Of optimised integrations: the prefix of their errors, the name their causes give the service, and
# the name of an error that the service's model does not have. As recorded from AWS, whose
# integrations are built on the AWS SDK for Java, version 1.
OPTIMISED = {
    "dynamodb": ("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    "events": ("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"),
    "lambda": ("Lambda", "AWSLambda", "AWSLambdaException"),
    "sns": ("SNS", "AmazonSNS", "AmazonSNSException"),
    "sqs": ("SQS", "AmazonSQS", "AmazonSQSException"),
    "states": ("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
}
CAPITALS = re.compile("[A-Z]{2,}")
# As botocore reports them.
MISSING = re.compile(r'Missing required parameter in [^:]+: "(\w+)"')
UNKNOWN_PARAMETER = re.compile(r'(?:Unknown parameter in [^:]+: "|for parameter )([\w.\[\]]+)')


def failure_of(error: Exception, named: Integration, client: Any) -> TaskFailedError:
    """How the task failed, in the language's words, when the call raised this error."""
    if isinstance(error, ReadTimeoutError):
        return OutOfTimeError("The service did not answer in time; it may still do the work.")
    prefix = prefix_of(named, client)
    if isinstance(error, ParamValidationError):
        return _malformed(error, named, prefix)
    if isinstance(error, ClientError):
        return _told_by_service(error, named, client, prefix)
    if isinstance(error, ConnectionError | HTTPClientError):
        reason = f"Unable to execute HTTP request: {type(error).__name__}"
        return TaskFailedError(reason, error=f"{prefix}.SdkClientException")
    if isinstance(error, BotoCoreError):
        return TaskFailedError(type(error).__name__, error=f"{prefix}.SdkClientException")
    raise error


def prefix_of(named: Integration, client: Any) -> str:
    """What the names of a service's errors begin with."""
    if not named.is_sdk and named.service in OPTIMISED:
        return OPTIMISED[named.service][0]
    return java_name(client.meta.service_model.service_id)


def java_name(service_id: str) -> str:
    """A service's name as the AWS SDK for Java, version 2, has it: `DynamoDb`, `Sfn`."""
    return CAPITALS.sub(lambda found: found[0].capitalize(), service_id.replace(" ", ""))


def _malformed(error: ParamValidationError, named: Integration, prefix: str) -> TaskFailedError:
    """What is missing the service would have refused; the rest could not even be sent."""
    report = str(error)
    missing = MISSING.findall(report)
    if not missing:
        # The text may have values, so only what it says of names is told.
        unknown = ", ".join(UNKNOWN_PARAMETER.findall(report)) or "one of them"
        cause = f"The parameters could not be used to start the task: check {unknown}."
        return TaskFailedError(cause, error=RUNTIME)
    name = missing[0]
    cause = (
        f"1 validation error detected: Value null at '{name[:1].lower()}{name[1:]}' failed to "
        "satisfy constraint: Member must not be null"
    )
    return TaskFailedError(cause, error=f"{prefix}.{_unmodelled(named, prefix)}")


def _unmodelled(named: Integration, prefix: str) -> str:
    """What an error is called that the service's model does not have."""
    if not named.is_sdk and named.service in OPTIMISED:
        return OPTIMISED[named.service][2]
    return f"{prefix}Exception"


def _told_by_service(
    error: ClientError, named: Integration, client: Any, prefix: str
) -> TaskFailedError:
    told, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code = told.get("Code") or "Unknown"
    message = told.get("Message") or code
    status, request_id = about.get("HTTPStatusCode"), about.get("RequestId", "")
    # Services that spoke another protocol once tell the model's name apart from the old code.
    modelled = _modelled_name(client, str(told.get("QueryErrorCode") or code))
    name = modelled or _unmodelled(named, prefix)
    if named.is_sdk or named.service not in OPTIMISED:
        if about.get("HostId"):  # S3's second one
            request_id = f"{request_id}, Extended Request ID: {about['HostId']}"
        cause = (
            f"{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id}) "
            "(SDK Attempt Count: 1)"
        )
        return TaskFailedError(cause, error=f"{prefix}.{name}")
    service = OPTIMISED[named.service][1]
    cause = (
        f"{message} (Service: {service}; Status Code: {status}; Error Code: {code}; "
        f"Request ID: {request_id}; Proxy: null)"
    )
    return TaskFailedError(cause, error=f"{prefix}.{name}")


def _modelled_name(client: Any, code: str) -> str | None:
    """The error's name in the service's model, with `Exception` at its end; None if it has none."""
    model = client.meta.service_model
    for shape in model.error_shapes:
        if code in (shape.name, shape.error_code):
            return shape.name if shape.name.endswith("Exception") else f"{shape.name}Exception"
    return None
