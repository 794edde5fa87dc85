"""Where dead letters are looked for, and where they go back to."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from cloudseam_cli.dead_letters.route import Route, routes_of
from cloudseam_cli.local.console_file import ConsoleFile
from cloudseam_cli.machines import machines_of
from cloudseam_cli.target import find_target
from cloudseam_cli.unreachable import NoTargetError
from tests.unit.cli.options import options

ENVIRON = {
    "SQS_EVENT_QUEUE_URL": "events",
    "SQS_EVENT_DLQ_URL": "events-dead",
    "SQS_TASK_QUEUE_URL": "tasks",
    "SQS_TASK_DLQ_URL": "tasks-dead",
}
EVENTS, TASKS = Route("event", "events-dead", "events"), Route("task", "tasks-dead", "tasks")


def routes(folder: Path, environ: Mapping[str, str], *arguments: str) -> list[Route]:
    args = options("dlq", "list", *arguments)
    return list(routes_of(args, find_target(args, environ, folder), environ))


@pytest.mark.parametrize(
    ("environ", "arguments", "expected"),
    [
        pytest.param(ENVIRON, [], [EVENTS, TASKS], id="all"),
        pytest.param(ENVIRON, ["--queue", "event"], [EVENTS], id="of-events"),
        pytest.param(ENVIRON, ["--queue", "task"], [TASKS], id="of-tasks"),
        pytest.param(
            {"SQS_TASK_DLQ_URL": "tasks-dead"},
            [],
            [Route("task", "tasks-dead", None)],
            id="letters-are-known-alone",
        ),
        pytest.param(ENVIRON, ["--dlq-url", "x"], [Route("event", "x", "events")], id="named"),
        pytest.param(
            {}, ["--dlq-url", "x", "--queue-url", "y"], [Route("event", "x", "y")], id="both-named"
        ),
        pytest.param(
            ENVIRON,
            ["--queue", "task", "--dlq-url", "x"],
            [Route("task", "x", "tasks")],
            id="named-of-tasks",
        ),
        pytest.param(
            ENVIRON
            | {"SQS_CONTAINER_TASK_DLQ_URL": "long-dead", "SQS_CONTAINER_TASK_QUEUE_URL": "long"},
            ["--queue", "task"],
            [TASKS, Route("task", "long-dead", "long")],
            id="of-containers-as-well",
        ),
        pytest.param(
            {"SQS_CONTAINER_TASK_DLQ_URL": "long-dead"},
            [],
            [Route("task", "long-dead", None)],
            id="of-containers-alone",
        ),
    ],
)
def test_queues_are_those_that_options_or_the_environment_name(
    environ: dict[str, str], arguments: list[str], expected: list[Route], tmp_path: Path
) -> None:
    assert routes(tmp_path, environ, *arguments) == expected


def test_the_queues_of_an_emulator_are_known_and_the_environments_are_not_taken(
    tmp_path: Path,
) -> None:
    base = "http://127.0.0.1:4999/000000000000/cloudseam"

    assert routes(tmp_path, ENVIRON, "--port", "4999") == [
        Route("event", f"{base}-events-dead", f"{base}-events"),
        Route("task", f"{base}-tasks-dead", f"{base}-tasks"),
    ]


def test_queues_that_nothing_names_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NoTargetError, match="--dlq-url, or SQS_EVENT_DLQ_URL"):
        routes(tmp_path, {"DYNAMODB_TABLE": "Stacks"})


def test_a_dead_letter_queue_of_the_environment_wins_over_the_console_of_the_folder(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ConsoleFile(server.getsockname()[1], os.getpid()).write(tmp_path)

        assert routes(tmp_path, {"SQS_EVENT_DLQ_URL": "x"}) == [Route("event", "x", None)]
        (events, _) = routes(tmp_path, {})
        assert events.letters.startswith("http://127.0.0.1:")


def test_machines_are_those_of_the_console_of_the_folder_unless_they_are_named(
    tmp_path: Path,
) -> None:
    console, named = tmp_path / "console", tmp_path / "named"
    for folder in (console, named):
        folder.mkdir()
        (folder / f"{folder.name}.yml").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as server:
        ConsoleFile(server.getsockname()[1], os.getpid(), machines=str(console)).write(tmp_path)

        for arguments, names in (([], ["console"]), (["--machines", str(named)], ["named"])):
            args = options("dlq", "list", *arguments)
            locator = machines_of(args, find_target(args, {}, tmp_path), {})
            assert locator is not None
            assert locator.names() == names
