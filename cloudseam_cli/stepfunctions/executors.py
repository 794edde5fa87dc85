"""What runs the tasks of executions: functions and services, each at its endpoint."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from cloudseam_cli.local.client import emulator_client
from cloudseam_cli.unreachable import is_here
from task_satisfier.executors import Executor
from task_satisfier.executors.states.executor import StatesExecutor

STEP_FUNCTIONS = "stepfunctions"
# A function may take fifteen minutes (developer guide of Lambda, "Lambda quotas"), and more calls
# than that are not made side by side.
READ_SECONDS, CONNECTIONS = 910, 32


class StatesExecutors:
    """See `task_satisfier.satisfier.Executors`. Tasks of executions are all that there is.

    Functions are called at `functions`, other services at `services`; where one is None, what
    AWS's own variables say holds. Nested executions are started at `own_url()`.
    """

    def __init__(
        self, functions: str | None, services: str | None, own_url: Callable[[], str]
    ) -> None:
        self._functions = functions or services
        self._services = services
        self._own_url = own_url
        self._client = cache(self._made)
        self._executor = StatesExecutor(lambda service, seconds: self._client(service))

    def get(self, name: str) -> Executor:
        """See `Executors.get`."""
        return self._executor

    def _made(self, service: str) -> Any:
        config: dict[str, Any] = {
            "read_timeout": READ_SECONDS,
            "max_pool_connections": CONNECTIONS,
            # The machine says what is tried again.
            "retries": {"total_max_attempts": 1},
        }
        endpoint = self._endpoint(service)
        if endpoint is not None and is_here(endpoint):
            return emulator_client(service, endpoint, **config)
        import boto3
        from botocore.config import Config

        return boto3.client(service, endpoint_url=endpoint, config=Config(**config))  # type: ignore[call-overload] # any service

    def _endpoint(self, service: str) -> str | None:
        if service == STEP_FUNCTIONS:
            return self._own_url()
        return self._functions if service == "lambda" else self._services
