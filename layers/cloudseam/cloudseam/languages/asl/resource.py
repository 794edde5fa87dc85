"""What the `Resource` of a Task names."""


def task_kind(resource: str) -> str:
    """How events call a task: `Lambda` by the function's ARN, `Activity`, or else `Task`."""
    parts = resource.split(":")
    if len(parts) > 5 and parts[2] == "lambda":
        return "Lambda"
    if len(parts) > 5 and parts[2] == "states" and parts[5] == "activity":
        return "Activity"
    return "Task"


def service_of(resource: str) -> tuple[str, str]:
    """Service and action of an integration: `arn:aws:states:::sqs:sendMessage` and the like."""
    parts = resource.split(":")
    return ":".join(parts[5:-1]) or parts[-1], parts[-1]
