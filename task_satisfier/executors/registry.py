"""Every executor there is, by the name that machines call it. To add one, add a line."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock

from cloudseam.event import Json
from task_satisfier.executors import Executor, TaskFailedError, TaskRun
from task_satisfier.settings import TaskSatisfierSettings

logger = logging.getLogger("cloudseam.satisfier")

Builder = Callable[[TaskSatisfierSettings], Executor]

# Of the margin before the function's time-out, what Terraform may take to end by itself. The
# rest is for ending it, removing its work dir, and the answer.
GRACE_OF_MARGIN = 0.6


def build_lambda(settings: TaskSatisfierSettings) -> Executor:
    """The executor of Lambda tasks."""
    from task_satisfier.clients import LambdaClients, lambda_client
    from task_satisfier.executors.aws_lambda import LambdaExecutor

    return LambdaExecutor(LambdaClients(lambda_client).get)


def build_python(settings: TaskSatisfierSettings) -> Executor:
    """The executor of actions in Python."""
    from cloudseam.stored_context import ContextBucket
    from task_satisfier.clients import s3_client
    from task_satisfier.executors.python.executor import PythonExecutor

    bucket = ContextBucket(cache(s3_client), settings.context_bucket, settings.context_prefix)
    return PythonExecutor(settings.actions_path, bucket)


def build_states(settings: TaskSatisfierSettings) -> Executor:
    """The executor of tasks of machines in Amazon States Language."""
    from task_satisfier.clients import ServiceClients, service_client
    from task_satisfier.executors.states.executor import StatesExecutor

    return StatesExecutor(ServiceClients(service_client).get)


def build_terraform(settings: TaskSatisfierSettings) -> Executor:
    """The executor of Terraform tasks."""
    from task_satisfier.clients import s3_client
    from task_satisfier.executors.terraform.backend import StateHome
    from task_satisfier.executors.terraform.executor import TerraformExecutor
    from task_satisfier.executors.terraform.plugin_cache import PluginCache

    return TerraformExecutor(
        binary=settings.terraform_bin,
        home=StateHome.of(
            settings.terraform_state_bucket, settings.terraform_state_dir, os.environ
        ),
        grace=settings.timeout_margin * GRACE_OF_MARGIN,
        s3=cache(s3_client),
        environ=os.environ,
        plugins=PluginCache.of(settings.terraform_plugin_cache),
    )


BUILDERS: Mapping[str, Builder] = {
    "lambda": build_lambda,
    "python": build_python,
    "states": build_states,
    "terraform": build_terraform,
}


class ExecutorRegistry:
    """Executors by name, each built once, when it is first asked for. Threads may share it."""

    def __init__(
        self, settings: TaskSatisfierSettings, builders: Mapping[str, Builder] = BUILDERS
    ) -> None:
        self._settings = settings
        self._builders = builders
        self._built: dict[str, Executor] = {}
        self._building = Lock()

    def get(self, name: str) -> Executor:
        """The executor of that name.

        Raises:
            TaskFailedError: there is none.
        """
        if name not in self._builders:
            raise TaskFailedError(
                f"Executor '{name[:80]}' is not known. There are: "
                f"{', '.join(sorted(self._builders))}."
            )
        with self._building:
            if name not in self._built:
                self._built[name] = self._builders[name](self._settings)
            return self._built[name]


class SkippingRegistry:
    """Has an executor of any name, which does nothing; for `SKIP_TASK_EXECUTION`."""

    def get(self, name: str) -> Executor:
        """An executor that completes every task at once."""
        return SkippingExecutor()


class SkippingExecutor:
    """See `task_satisfier.executors.Executor`."""

    def run(self, run: TaskRun) -> Mapping[str, Json]:
        """Nothing, said in the log."""
        logger.warning(
            "Task skipped because of SKIP_TASK_EXECUTION",
            extra={"stack_id": run.request.stack_id, "task": run.request.name},
        )
        return {}
