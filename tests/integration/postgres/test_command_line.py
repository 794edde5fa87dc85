"""The commands for people read stacks that PostgreSQL keeps."""

import json
import subprocess
import sys
from typing import Any
from uuid import uuid4

import boto3
import pytest

from cloudseam.persistence.postgres.credentials import Credentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.builders import a_stack
from tests.integration.postgres.tables import COLUMNS, ORIGINAL, ORIGINAL_SAVE
from tests.postgres import PASSWORD, PostgresServer


@pytest.fixture
def told_by_a_secret(
    on_emulator: EmbeddedAws,
    postgres: PostgresServer,
    user: Credentials,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment of a person who may read the secret."""
    reachable = postgres.over_tcp(user)
    secret = {
        "username": reachable.username,
        "password": PASSWORD,
        "host": reachable.host,
        "dbname": reachable.dbname,
        "port": reachable.port,
    }
    name = f"command-line-{user.username}"
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    monkeypatch.setenv("POSTGRES_CONNECTION_SECRET", name)


def told(*arguments: str) -> Any:
    """What a command prints as JSON. A process of its own, whose end ends its connection."""
    command = "import sys; from cloudseam_cli.main import main; sys.exit(main(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-c", command, *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.usefixtures("told_by_a_secret")
def test_stacks_and_show_read_postgresql(stacks: PostgresStackRepository) -> None:
    assert stacks.save([a_stack("RUN", version=0, metadata={"image_tag": "v7"})]) == {}

    listed, shown = told("stacks"), told("show", "s")

    assert [(stack["id"], stack["state"]) for stack in listed] == [("s", "RUN")]
    assert shown["metadata"] == {"image_tag": "v7"}


@pytest.mark.usefixtures("told_by_a_secret")
def test_the_originals_table_is_looked_at_as_it_is_and_taken_over_when_it_is_asked_for(
    beside: Any, stacks: PostgresStackRepository
) -> None:
    beside.run(ORIGINAL)
    row = {"id": "s", "machine": "life", "_state": "RUN", "tasks": [], "metadata": {}}
    beside.run(ORIGINAL_SAVE, id="s", data=json.dumps(row), now="2019-11-05 08:30:00")
    queue = boto3.client("sqs").create_queue(QueueName=f"original-{uuid4()}")["QueueUrl"]
    where = ["--event-queue", queue, "--watch", "0"]

    looked = told("migrate", "check", *where)
    columns = [name for name, *_ in beside.run(COLUMNS)]
    done = told("migrate", "adopt", *where)

    assert ([each["id"] for each in looked["stacks"]], looked["ready"]) == (["s"], True)
    assert columns == ["id", "data", "creation_time", "last_updated_time"]
    assert (done["done"], done["rows"]) == (True, ["s"])
    assert stacks.load(["s"]).stacks["s"].version == 1
