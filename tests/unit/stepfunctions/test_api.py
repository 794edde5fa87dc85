"""What holds for every operation."""

import ast
from pathlib import Path

import pytest

from cloudseam_cli.stepfunctions import operations
from cloudseam_cli.stepfunctions.api import OPERATIONS
from cloudseam_cli.stepfunctions.constraints import operation_model, service_model
from tests.unit.stepfunctions.conftest import Refused

# What every operation may answer (API reference, "Common Errors").
COMMON = {"ValidationException"}


def test_all_operations_of_the_service_are_there() -> None:
    assert set(OPERATIONS) == set(service_model().operation_names)
    assert len(OPERATIONS) == 37


def test_an_operation_that_is_not_there_is_refused_by_name(refused: Refused) -> None:
    assert refused("DescribeStateMachines")[0] == "UnknownOperationException"
    assert refused("")[0] == "UnknownOperationException"


@pytest.mark.parametrize("path", sorted(Path(operations.__path__[0]).glob("[a-z]*.py")), ids=str)
def test_errors_are_those_that_the_service_models(path: Path) -> None:
    known = COMMON | {
        error.name for name in OPERATIONS for error in operation_model(name).error_shapes
    }
    raised = {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "ApiFault"
        and isinstance(node.args[0], ast.Constant)
    }

    assert raised <= known
