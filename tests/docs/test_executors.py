"""docs/executors.md tells what executors take, and its examples work."""

import re
from pathlib import Path

import pytest
import yaml

from cloudseam.event import CANCELLED
from cloudseam.languages.cloudseam_v1.timing import KINDS
from task_satisfier.executors.aws_lambda import LambdaConfig
from task_satisfier.executors.config import TaskConfig, parse_config
from task_satisfier.executors.python.executor import PythonConfig
from task_satisfier.executors.registry import BUILDERS
from task_satisfier.executors.terraform.config import TerraformConfig
from tests.task_builders import a_request

PAGE = (Path(__file__).parents[2] / "docs" / "executors.md").read_text()
CONFIGS: dict[str, type[TaskConfig]] = {
    "terraform": TerraformConfig,
    "lambda": LambdaConfig,
    "python": PythonConfig,
}


def section(executor: str) -> str:
    """What the page says of an executor."""
    return PAGE.partition(f"\n## `{executor}`\n")[2].partition("\n## ")[0]


def test_every_executor_has_a_section() -> None:
    sections = set(re.findall(r"^## `(\w+)`$", PAGE, re.MULTILINE))

    # Tasks of Amazon States Language have no config.
    assert sections == set(BUILDERS) == {*CONFIGS, "states"}


def test_the_table_has_every_kind_of_failure_that_is_told() -> None:
    table = PAGE.partition("\n## Kinds of failure\n")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {*KINDS, CANCELLED}


def test_the_table_has_every_key_of_a_terraform_config() -> None:
    table = section("terraform").partition("| key |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(TerraformConfig.model_fields)


@pytest.mark.parametrize("executor", CONFIGS)
def test_the_example_is_a_task_that_can_be_run(executor: str) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", section(executor), re.DOTALL)
    [task] = yaml.safe_load(example).values()

    config = parse_config(CONFIGS[executor], a_request(executor, task["config"]))

    assert task["executor"] == executor
    assert config.model_dump(exclude_unset=True, exclude={"source": {"type"}})
