"""A server of the API of Step Functions, or its engine, for tests."""

from cloudseam.errors import RetryableError
from task_satisfier.executors import Executor


class IdleExecutors:
    """See `task_satisfier.satisfier.Executors`. No task is ever begun."""

    def get(self, name: str) -> Executor:
        """See `Executors.get`."""
        raise RetryableError("No task is run here.")
