"""The state machine function on PostgreSQL: told of it by a secret, through its whole life."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloudseam.claim import Claim
from cloudseam.outcome import Fate
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.store import open_store
from state_machine import app
from state_machine.settings import StateMachineSettings
from tests.bad_invocations import NO_SWEEPS
from tests.builders import CANARY, NOW, a_delivery, an_answer_body, an_event_body
from tests.emulated import EmulatedAws, emulated_aws
from tests.postgres import PASSWORD, PostgresServer
from tests.postgres_function import PostgresFunction, postgres_function

ROOT = Path(__file__).parents[3]
BRANCH = (ROOT / "tests" / "corpus" / "machines" / "branch.yml").read_text()
# What only PostgreSQL needs, and takes long to import.
HEAVY = ("pg8000", "aws_lambda_powertools.utilities.parameters")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def kept(aws: EmulatedAws, postgres: PostgresServer, tmp_path: Path) -> Iterator[PostgresFunction]:
    with postgres_function(aws, postgres, tmp_path) as kept:
        kept.function.put_machine("branch", BRANCH)
        yield kept


def send(kept: PostgresFunction, *bodies: str | dict[str, object]) -> list[Fate]:
    """Delivers one batch; where each message is afterwards."""
    return [outcome.fate for outcome in kept.function.deliver(*map(a_delivery, bodies))]


def answer_all(kept: PostgresFunction) -> None:
    """Completes tasks until none is asked for any more."""
    while asked := kept.function.tasks():
        fates = send(kept, *(an_answer_body(message) for message in asked))
        assert set(fates) == {Fate.DONE}


def test_stacks_live_and_end_in_postgresql_and_dynamodb_is_not_asked(
    kept: PostgresFunction, aws: EmulatedAws
) -> None:
    names = [f"s{number}" for number in range(10)]
    launch = [an_event_body("LAUNCH", name, machine="branch") for name in names]

    assert set(send(kept, *launch)) == {Fate.DONE}
    answer_all(kept)
    running = [kept.stack(name) for name in names]
    assert set(send(kept, *(an_event_body("DESTROY", name) for name in names))) == {Fate.DONE}
    answer_all(kept)

    ended = [kept.stack(name) for name in names]

    assert [stack and stack.state for stack in running] == ["RUN"] * 10
    assert [stack and stack.is_removed for stack in ended] == [True] * 10
    assert aws.items(kept.function.table) == {}


def test_a_container_keeps_one_connection(kept: PostgresFunction) -> None:
    for number in range(5):
        send(kept, an_event_body("LAUNCH", f"s{number}", machine="branch"))

    with closing(kept.server.connect(kept.server.superuser)) as superuser:
        rows = superuser.run(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = :user", user=kept.user.username
        )
    assert rows == [[1]]


def test_claims_and_versions_are_kept_beside_the_stacks_over_the_same_connection(
    kept: PostgresFunction,
) -> None:
    send(kept, an_event_body("LAUNCH", machine="branch"))
    [network, *_] = kept.function.tasks()
    claims = app.store().claims
    claims.take(Claim(network["task"]["token"], "me", NOW, NOW + 1), NOW)

    with closing(kept.server.connect(kept.user)) as beside:
        names = beside.run("SELECT name FROM cloudseam_machines")
        claimed = beside.run("SELECT key FROM cloudseam_claims")
        connections = beside.run(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid()"
        )

    assert (names, claimed) == ([["branch"]], [[network["task"]["token"]]])
    assert connections == [[1]]


def test_a_server_that_goes_away_sends_the_events_back_and_they_work_later(
    kept: PostgresFunction,
) -> None:
    launch = a_delivery(an_event_body("LAUNCH", machine="branch", metadata={"k": CANARY}))
    role = kept.user.username
    with closing(kept.server.connect(kept.server.superuser)) as superuser:
        superuser.run(f"ALTER ROLE {role} NOLOGIN")
        [lost] = kept.function.deliver(launch)
        superuser.run(f"ALTER ROLE {role} LOGIN")
        [found] = kept.function.deliver(launch)

    assert (lost.fate, found.fate) == (Fate.RETURNED, Fate.DONE)
    assert CANARY not in str(lost.error)
    assert PASSWORD not in str(lost.error)
    assert kept.stack() is not None


def test_the_secret_decides_and_dynamodb_is_the_default(aws: EmulatedAws) -> None:
    needed = {
        "MACHINE_LOCATOR": "LOCAL_FS",
        "MACHINE_SPEC_DIR": "machines",
        "SQS_TASK_QUEUE_URL": "http://localhost/tasks",
        "DYNAMODB_TABLE": "Stacks",
    }
    secret = {"POSTGRES_CONNECTION_SECRET": "cloudseam/postgres"}

    without = open_store(StateMachineSettings.from_environment(needed)).stacks
    with_it = open_store(StateMachineSettings.from_environment(needed | secret)).stacks

    assert isinstance(without, DynamoDBStackRepository)
    assert type(with_it).__name__ == "PostgresStackRepository"


def test_who_uses_dynamodb_waits_for_no_import_of_postgresql() -> None:
    script = (
        "import json, sys\n"
        "from state_machine import app\n"
        "app.service()\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    environment = os.environ | {
        "MACHINE_LOCATOR": "LOCAL_FS",
        "MACHINE_SPEC_DIR": str(ROOT / "machines"),
        "SQS_TASK_QUEUE_URL": "http://localhost/tasks",
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    told = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    imported = json.loads(told.stdout)
    assert "cloudseam.persistence.dynamodb" in imported
    assert [name for name in imported if name.startswith(HEAVY)] == []


def test_messages_that_only_look_like_a_sweeps_cost_the_others_nothing(
    kept: PostgresFunction,
) -> None:
    launch = an_event_body("LAUNCH", "s", machine="branch")

    fates = send(kept, launch, *NO_SWEEPS.values())

    assert fates == [Fate.DONE, *[Fate.DEAD_LETTERED] * len(NO_SWEEPS)]
