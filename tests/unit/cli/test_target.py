"""Which installation a command talks to."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from cloudseam.persistence import StackRepository
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam_cli.local.console_file import ConsoleFile
from cloudseam_cli.stack_store import load_all, load_one, stacks_of
from cloudseam_cli.target import Target, find_target
from cloudseam_cli.unreachable import NoTargetError, reason_of
from tests.unit.cli.options import options

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"


@pytest.fixture
def port() -> Iterator[int]:
    """A port that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def target(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, command: str = "send"
) -> Target:
    typed = ("s", "E", *arguments) if command == "send" else arguments
    return find_target(options(command, *typed), environ or {}, folder)


def test_the_console_of_the_folder_is_found(tmp_path: Path, port: int) -> None:
    ConsoleFile(port, os.getpid()).write(tmp_path)

    found = target(tmp_path)

    assert found.endpoint == f"http://127.0.0.1:{port}"
    assert found.event_queue == f"http://127.0.0.1:{port}/000000000000/cloudseam-events"
    assert found.event_dead_letters == f"{found.event_queue}-dead"
    assert found.table == "Stacks"
    assert found.outcomes == tmp_path / "outcomes.jsonl"


def test_a_port_names_a_console_that_runs_elsewhere(tmp_path: Path) -> None:
    found = target(tmp_path, "--port", "4999", environ={"SQS_EVENT_QUEUE_URL": QUEUE})

    assert found.endpoint == "http://127.0.0.1:4999"
    assert found.event_queue == "http://127.0.0.1:4999/000000000000/cloudseam-events"


def test_outcomes_are_read_of_the_console_of_the_folder_only(tmp_path: Path) -> None:
    ConsoleFile(4999, os.getpid()).write(tmp_path)

    assert target(tmp_path, "--port", "4999").outcomes == tmp_path / "outcomes.jsonl"
    assert target(tmp_path, "--port", "4998").outcomes is None


def test_the_environment_wins_over_the_console_of_the_folder(tmp_path: Path, port: int) -> None:
    ConsoleFile(port, os.getpid()).write(tmp_path)

    found = target(tmp_path, environ={"SQS_EVENT_QUEUE_URL": QUEUE, "DYNAMODB_TABLE": "Production"})

    assert found == Target(None, QUEUE, "Production")


def test_options_win_over_the_environment(tmp_path: Path) -> None:
    found = target(
        tmp_path,
        *("--queue-url", "https://other", "--table", "Other", "--endpoint-url", "http://emulator"),
        environ={"SQS_EVENT_QUEUE_URL": QUEUE, "DYNAMODB_TABLE": "Production"},
    )

    assert found == Target("http://emulator", "https://other", "Other")


def test_the_table_of_the_environment_is_enough_to_list_stacks(tmp_path: Path) -> None:
    found = target(tmp_path, environ={"DYNAMODB_TABLE": "Production"}, command="stacks")

    assert found == Target(None, None, "Production")


def test_stacks_are_read_from_postgresql_where_there_is_a_secret_for_it(tmp_path: Path) -> None:
    secret = {"POSTGRES_CONNECTION_SECRET": "arn"}

    assert target(tmp_path, environ=secret, command="stacks").in_postgres
    assert not target(tmp_path, "--table", "Stacks", environ=secret, command="stacks").in_postgres
    assert not target(tmp_path, "--port", "1", environ=secret, command="stacks").in_postgres


def test_without_anything_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoTargetError, match=r"cloudseam dev.*--port.*SQS_EVENT_QUEUE_URL"):
        target(tmp_path)


def test_a_console_that_was_killed_is_not_talked_to(tmp_path: Path, port: int) -> None:
    gone = 2**22 + 1  # above the highest process id that Linux gives
    ConsoleFile(port, gone).write(tmp_path)

    with pytest.raises(NoTargetError):
        target(tmp_path)


def test_a_process_that_only_has_the_consoles_number_is_not_talked_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    ConsoleFile(closed, os.getpid()).write(tmp_path)

    with pytest.raises(NoTargetError):
        target(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not-json"),
        pytest.param("[]", id="not-an-object"),
        pytest.param('{"port": 1}', id="half"),
        pytest.param('{"port": "x", "pid": 1}', id="not-a-number"),
        pytest.param('{"port": 1, "pid": null}', id="null"),
    ],
)
def test_a_file_that_makes_no_sense_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "dev.json").write_text(text)

    assert ConsoleFile.read(tmp_path) is None


def test_a_file_cannot_lead_to_another_computer(tmp_path: Path, port: int) -> None:
    (tmp_path / "dev.json").write_text(
        f'{{"port": {port}, "pid": {os.getpid()}, "endpoint": "http://evil.example"}}'
    )

    assert target(tmp_path).endpoint == f"http://127.0.0.1:{port}"


def test_sensitive_keys_come_from_the_environment_and_from_the_console(
    tmp_path: Path, port: int
) -> None:
    ConsoleFile(port, os.getpid(), "password, ").write(tmp_path)

    found = target(tmp_path, environ={"SENSITIVE_METADATA_KEYS": "token ,key"})

    assert found.sensitive_keys == {"password", "token", "key"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_an_endpoint_on_this_computer_needs_no_credentials_and_gets_none(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production-that-is-not-there")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")

    client = Target(f"http://{host}:4566", None, "Stacks").client("sqs")

    assert client.meta.endpoint_url == f"http://{host}:4566"
    assert client._request_signer._credentials.secret_key == "test"


def test_settings_for_aws_that_cannot_be_used_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")

    with pytest.raises(NoTargetError, match="not-there"):
        Target(None, QUEUE, "Stacks").client("sqs")


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # The default session keeps the credentials it has once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.mark.usefixtures("no_aws")
def test_without_a_region_it_says_which_setting_and_which_option_name_one() -> None:
    with pytest.raises(NoTargetError, match=r"no AWS region.*AWS_REGION.*--port"):
        Target(None, QUEUE, "Stacks").client("sqs")


@pytest.mark.usefixtures("no_aws")
def test_the_region_may_be_the_one_that_lambda_functions_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert Target(None, QUEUE, "Stacks").client("sqs").meta.region_name == "eu-west-1"


@pytest.mark.usefixtures("no_aws")
def test_without_credentials_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    stacks = stacks_of(Target(None, QUEUE, "Stacks"))

    with pytest.raises(NoTargetError, match=r"no AWS credentials.*Log in"):
        load_one(stacks, "s")


@pytest.mark.usefixtures("no_aws")
def test_a_store_in_postgresql_without_a_region_names_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSTGRES_CONNECTION_SECRET", "a-secret")

    with pytest.raises(NoTargetError, match="AWS_DEFAULT_REGION"):
        load_all(stacks_of(Target(None, None, "Stacks", in_postgres=True)), None, None)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda stacks: load_one(stacks, "s"), id="one"),
        pytest.param(lambda stacks: load_all(stacks, None, None), id="all"),
    ],
)
def test_a_store_that_nobody_serves_is_named_with_the_next_step(
    call: Callable[[StackRepository], object],
) -> None:
    stacks = stacks_of(Target("http://127.0.0.1:9", None, "Stacks"))

    with pytest.raises(NoTargetError) as raised:
        call(stacks)

    assert str(raised.value) == (
        "The stacks were not read: nothing listens at http://127.0.0.1:9; is `cloudseam dev` "
        "running?"
    )


def test_an_endpoint_elsewhere_is_named_without_what_is_secret_in_it() -> None:
    nobody = EndpointConnectionError(endpoint_url="https://me:secret@sqs.example/queue?key=secret")

    assert reason_of(nobody).startswith("https://sqs.example cannot be reached.")


def test_stacks_in_postgresql_are_read_with_the_state_machines_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSTGRES_CONNECTION_SECRET", "a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    stacks = stacks_of(Target(None, None, "Stacks", in_postgres=True))

    assert isinstance(stacks, PostgresStackRepository)


def test_aws_itself_is_reached_as_every_tool_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    client = Target(None, QUEUE, "Stacks").client("sqs")

    assert client.meta.endpoint_url == "https://sqs.eu-west-1.amazonaws.com"
