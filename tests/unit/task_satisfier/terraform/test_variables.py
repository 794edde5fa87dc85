"""Variables are values and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.config import parse_config
from task_satisfier.executors.terraform.config import TerraformConfig
from task_satisfier.executors.terraform.variables import (
    is_variable_name,
    variables_of,
    write_variables,
)
from tests.builders import CANARY
from tests.task_builders import a_request, a_terraform_config


def variables(
    metadata: dict[str, Any] | None = None, of_config: dict[str, Any] | None = None
) -> dict[str, Any]:
    config = a_terraform_config("/infra", variables=of_config or {})
    request = a_request("terraform", config, metadata=metadata or {})
    return dict(variables_of(request, parse_config(TerraformConfig, request)))


@pytest.mark.parametrize(
    ("metadata", "of_config", "wanted"),
    [
        ({}, {}, {}),
        ({"a": 1, "b": True, "c": None, "d": "x"}, {}, {"a": 1, "b": True, "c": None, "d": "x"}),
        ({}, {"l": [1, 2], "m": {"a": {"b": None}}}, {"l": [1, 2], "m": {"a": {"b": None}}}),
        ({"size": 9, "a": 1}, {"size": 3}, {"size": 3, "a": 1}),
        ({"stack_id": "other"}, {}, {}),
    ],
    ids=["none", "typed metadata", "nested", "the config wins", "the stack's id stays"],
)
def test_metadata_then_variables_then_the_stacks_id(
    metadata: dict[str, Any], of_config: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert variables(metadata, of_config) == {**wanted, "stack_id": "s"}


NO_NAMES = [
    "-destroy", "--", "a b", "a=b", "1a", "a.b", "a/b", "k$(touch x)", "`x`", 'a"b', "a\nb",
    "-var-file=/etc/passwd", "${path.root}", "\u2028", "a\u0000", "TF_CLI_ARGS=-x",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_metadata_that_cannot_be_a_variable_is_left_out(name: str) -> None:
    assert variables({name: "x", "kept": 1}) == {"kept": 1, "stack_id": "s"}


@pytest.mark.parametrize("name", ["", *NO_NAMES], ids=ascii)
def test_a_config_with_a_name_that_cannot_be_a_variable_is_refused(name: str) -> None:
    with pytest.raises(TaskFailedError, match="letters, digits") as refused:
        variables({}, {name: CANARY})

    assert CANARY not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_config_that_sets_the_stacks_id_is_refused() -> None:
    with pytest.raises(TaskFailedError, match="is always the stack's id"):
        variables({}, {"stack_id": "other"})


@pytest.mark.parametrize("name", ["a", "_a", "a-b", "a1", "TF_CLI_ARGS", "größe", "a_"])
def test_names_that_modules_can_declare(name: str) -> None:
    assert is_variable_name(name)


def test_the_file_is_for_this_user_only_and_has_one_variable_on_each_line(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"

    write_variables({"a": "${path.root}", "b": "é\n\ud800", "c": [1]}, path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["a"] == "${path.root}"
    assert path.read_text().isascii()
    assert [line for line in path.read_text().splitlines() if '"a"' in line and '"b"' in line] == []
