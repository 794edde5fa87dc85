"""What the `Resource` of a Task names, or of a field of a distributed Map."""

from typing import NamedTuple

SDK = "aws-sdk:"
# How an integration waits (developer guide, "Service integration patterns").
WAIT_FOR_TOKEN, SYNC, SYNC_2 = "waitForTaskToken", "sync", "sync:2"
# The fields of a Map that need the outside.
READER, WRITER = "ItemReader", "ResultWriter"


class Integration(NamedTuple):
    """An action of a service, as `arn:aws:states:::sqs:sendMessage.waitForTaskToken` names it.

    `service` is `sqs`; `is_sdk` says that the action is the SDK's own (`aws-sdk:sqs:…`), with
    nothing done to its parameters and result. `pattern` is how it waits, or empty.
    """

    service: str
    action: str
    pattern: str
    is_sdk: bool

    @property
    def resource_type(self) -> str:
        """The service as events of the history name it."""
        return f"{SDK}{self.service}" if self.is_sdk else self.service

    @property
    def resource(self) -> str:
        """The action as events of the history name it."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action


def task_kind(resource: str) -> str:
    """How events call a task: `Lambda` by the function's ARN, `Activity`, or else `Task`."""
    parts = resource.split(":")
    if len(parts) > 5 and parts[2] == "lambda":
        return "Lambda"
    if len(parts) > 5 and parts[2] == "states" and parts[5] == "activity":
        return "Activity"
    return "Task"


def integration_of(resource: str) -> Integration:
    """The integration that a resource of kind `Task` names; one without a service has no meaning,
    and its action is the resource."""
    named = resource.split(":", 5)[-1]
    service, _, action = named.removeprefix(SDK).partition(":")
    action, _, pattern = action.partition(".")
    if not action:
        return Integration("", resource, "", is_sdk=False)
    return Integration(service, action, pattern, is_sdk=named.startswith(SDK))
