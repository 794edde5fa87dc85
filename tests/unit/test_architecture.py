"""Imports point one way: entry → shell → adapters → edges → core."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "cloudseam" / "cloudseam"

CORE = {
    "claim",
    "delivery",
    "errors",
    "event",
    "finding",
    "given",
    "history",
    "json_levels",
    "json_number",
    "machine",
    "outcome",
    "stack",
    "start",
    "step",
    "task_spec",
    "task_token",
    "transition",
}
LANGUAGES = CORE | {"languages"}
EDGES = LANGUAGES | {"json_context", "limits", "messages", "settings", "observability"}
PORT_NAMES = {
    "aws",
    "aws_error",
    "buses",
    "chaos",
    "clock",
    "heartbeat",
    "locators",
    "persistence",
    "queues",
    "stored_context",
    "timers",
}
CLIENT = {"lean_client", "patience"}
PORTS = EDGES | CLIENT | PORT_NAMES
SHELL_NAMES = {
    "actions",
    "batch",
    "dead_letters",
    "partial_failure",
    "pinned_machines",
    "poller",
    "polling_process",
    "schedule",
    "outbox",
    "service",
    "sweep",
}
SHELL = PORTS | SHELL_NAMES

# What each room may import of the layer, and which packages from outside.
ROOMS = {
    "core": (CORE, CORE, set()),
    "languages": ({"languages"}, LANGUAGES, {"jsonata", "jsonpath", "yaml"}),
    "edges": (
        {"json_context", "limits", "messages", "settings", "observability"},
        EDGES,
        {"pydantic", "aws_lambda_powertools"},
    ),
    "client": (CLIENT, CLIENT, {"botocore", "urllib3"}),
    "ports": (
        PORT_NAMES,
        PORTS,
        {
            "aws_lambda_powertools",
            "boto3",
            "botocore",
            "mypy_boto3_dynamodb",
            "mypy_boto3_s3",
            "mypy_boto3_secretsmanager",
            "mypy_boto3_sqs",
            "pg8000",
            "pydantic",
        },
    ),
    "shell": (
        SHELL_NAMES,
        SHELL,
        {"aws_lambda_powertools", "botocore", "mypy_boto3_sqs"},
    ),
}


def _files(names: set[str]) -> Iterator[Path]:
    for name in sorted(names):
        path = LAYER / f"{name}.py"
        if path.exists():
            yield path
        yield from (LAYER / name).rglob("*.py")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _foreign(path: Path, ours: set[str], packages: set[str]) -> list[str]:
    foreign = []
    for name in _imports(path):
        first, *rest = name.split(".")
        if first == "cloudseam":
            allowed = not rest or rest[0] in ours
        else:
            allowed = first in sys.stdlib_module_names or first in packages
        if not allowed:
            foreign.append(name)
    return foreign


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    names, ours, packages = ROOMS[room]

    foreign = {
        str(path.relative_to(LAYER)): found
        for path in _files(names)
        if (found := _foreign(path, ours, packages))
    }

    assert not foreign


def test_every_file_of_the_layer_is_in_a_room() -> None:
    placed = set().union(*(names for names, _, _ in ROOMS.values()))

    rooms = [path for path in LAYER.glob("*") if path.suffix in ("", ".py")]
    present = {path.stem for path in rooms if not path.name.startswith("__")}

    assert present <= placed


@pytest.mark.parametrize(
    ("package", "file"), [("jsonata", "jsonata_query.py"), ("jsonpath", "json_path.py")]
)
def test_one_file_knows_each_library_of_expressions(package: str, file: str) -> None:
    knowing = [path.name for path in LAYER.rglob("*.py") if package in set(_imports(path))]

    assert knowing == [file]


@pytest.mark.parametrize("function", ["state_machine", "task_satisfier"])
def test_a_function_never_imports_the_command_line_or_the_other_function(function: str) -> None:
    others = {"cloudseam_cli", "state_machine", "task_satisfier"} - {function}

    found = {
        name
        for path in (ROOT / function).rglob("*.py")
        for name in _imports(path)
        if name.split(".")[0] in others
    }

    assert not found
