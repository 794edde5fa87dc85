"""What a function's code asks of AWS, read from the code of every module that it imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.session import get_session

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT, ROOT / "layers" / "cloudseam")
OURS = ("cloudseam", "state_machine", "task_satisfier")
SERVICES = ("sqs", "s3", "dynamodb", "secretsmanager", "lambda", "scheduler", "events")
# An operation of EventBridge; what the code calls by that name is a function of `socket`.
NOT_OF_AWS = frozenset({"create_connection"})


@cache
def operations() -> frozenset[str]:
    """The methods of the services' clients that send a request."""
    session = get_session()
    return frozenset(
        xform_name(name)
        for service in SERVICES
        for name in session.get_service_model(service).operation_names
    ).difference(NOT_OF_AWS)


def calls_of(function: str) -> set[str]:
    """Every operation that the code of a function may call, by its method's name."""
    return {
        call
        for path in modules_of(f"{function}.app")
        for call in calls_in(ast.parse(path.read_text()))
    }


def modules_of(entry: str) -> set[Path]:
    """The files of ours that a module imports, directly or not, at any time."""
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        path = _file(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += _imports(ast.parse(path.read_text()))
    return found


def calls_in(tree: ast.AST) -> Iterator[str]:
    """The operations that a module calls, by name or page by page."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name == "get_paginator" and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value)
            if name in operations():
                yield name


def _file(module: str) -> Path | None:
    for folder in FOLDERS:
        path = folder.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                return file
    return None


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] in OURS)
