"""A task's `config`, checked before anything is run."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cloudseam.messages import TaskRequest
from task_satisfier.executors import TaskFailedError

Config = TypeVar("Config", bound="TaskConfig")


class TaskConfig(BaseModel):
    """Base of each executor's config. Keys that mean nothing to the executor are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def parse_config(model: type[Config], request: TaskRequest) -> Config:
    """The task's config as its executor takes it.

    Raises:
        TaskFailedError: every key that is missing or wrong, without its value.
    """
    try:
        return model.model_validate(dict(request.config))
    except ValidationError as error:
        problems = [
            f"`{'.'.join(map(str, ('config', *item['loc'])))}` "
            f"{_problem(item['type'], item['msg'])}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise TaskFailedError(
            f"Task '{request.name}' cannot be run by executor '{request.executor}': "
            f"{'; '.join(problems)}. Correct the task in machine '{request.machine}'."
        ) from None


def _problem(kind: str, text: str) -> str:
    if kind == "missing":
        return "is missing"
    return text.removeprefix("Value error, ").removeprefix("Input ")
