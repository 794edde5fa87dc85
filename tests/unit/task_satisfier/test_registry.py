"""Executors are found by name, and by no other name."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.registry import BUILDERS, ExecutorRegistry
from task_satisfier.settings import TaskSatisfierSettings
from tests.task_builders import FakeExecutor

SETTINGS = TaskSatisfierSettings.from_environment({"SQS_EVENT_QUEUE_URL": "events"})


@pytest.mark.parametrize("name", BUILDERS)
def test_every_executor_can_be_built_from_the_settings(name: str) -> None:
    assert ExecutorRegistry(SETTINGS).get(name)


def test_an_executor_is_built_once() -> None:
    registry = ExecutorRegistry(SETTINGS, {"fake": lambda settings: FakeExecutor()})

    assert registry.get("fake") is registry.get("fake")


def test_tasks_of_a_batch_share_the_executor_that_the_first_of_them_has_built() -> None:
    built: list[FakeExecutor] = []
    another = Event()

    def build(settings: TaskSatisfierSettings) -> FakeExecutor:
        if built:
            another.set()
        built.append(FakeExecutor())
        another.wait(0.05)  # for the others to build theirs, if they do
        return built[-1]

    registry = ExecutorRegistry(SETTINGS, {"fake": build})
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(registry.get, ["fake"] * 4))

    assert found == [built[0]] * 4


@pytest.mark.parametrize(
    "name", ["ansible", "constructor", "__class__", "get", "Lambda", "", "x" * 10_000]
)
def test_an_unknown_executor_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(
        TaskFailedError, match=r"There are: lambda, python, states, terraform\.$"
    ) as refused:
        ExecutorRegistry(SETTINGS).get(name)

    assert len(str(refused.value)) < 200
