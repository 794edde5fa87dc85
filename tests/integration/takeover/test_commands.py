"""`cloudseam migrate check` and `adopt` on a whole installation of the original, in flight."""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudseam.errors import ForeignWriteError
from cloudseam.outcome import Fate
from cloudseam_cli.main import main
from cloudseam_cli.takeover import places
from tests.builders import CANARY, a_delivery, an_event_body
from tests.emulated import EmulatedAws
from tests.function import StateMachineFunction, state_machine_function
from tests.integration.takeover.originals import ORIGINALS, an_original_row, in_database
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[3]
BRANCH = (ROOT / "tests" / "corpus" / "machines" / "branch.yml").read_text()
ASSUMED = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
LIFE = """
version: 1
events: [LAUNCH, DESTROY]
states:
  INIT: {{on: {{LAUNCH: [{{action: advance, state: PROVISION}}]}}}}
  PROVISION: {{tasks: [net], on: {{NEXT: [{{action: advance, state: RUN}}]}}}}
  RUN: {{on: {{DESTROY: [{{action: advance, state: END}}]}}}}
  END: {{terminal: true}}
tasks: {{net: {{executor: terraform, config: {config}}}}}
"""
NOW = ["--watch", "0"]
BROKEN = "version: 1\nevents: [LAUNCH]\nstates: {INIT: {tasks: [no-such-task]}}\n"


@dataclass
class Installation:
    """The original's table, queues and machine files."""

    aws: EmulatedAws
    ours: StateMachineFunction
    event_queue: str
    task_queue: str

    def run(self, command: str, *arguments: str) -> int:
        """The exit code of a command that is told of all of it."""
        there = ["--table", self.ours.table, "--event-queue", self.event_queue, "--watch", "0"]
        machines = ["--machines", str(self.ours.machines)] if command == "check" else []
        queue = ["--task-queue", self.task_queue]
        return main(["migrate", command, *there, *queue, *machines, *arguments])

    def found(self, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
        """What `check` finds, as JSON."""
        capsys.readouterr()
        self.run("check", "--json")
        return dict(json.loads(capsys.readouterr().out))

    def answer(self, task: str) -> None:
        """The original's task satisfier answers: it echoes the task, which has no token."""
        body = {"event": "TASK_COMPLETED", "stackId": "s", "task": {"name": task}}
        self.aws.sqs.send_message(QueueUrl=self.event_queue, MessageBody=json.dumps(body))

    def give_messages_to(self, function: str) -> str:
        """Has a function given the event queue's messages; the id of its mapping."""
        role = boto3.client("iam").create_role(
            RoleName=function,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ASSUMED]}),
        )["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.js", "")
        functions = boto3.client("lambda")
        functions.create_function(
            FunctionName=function,
            Runtime="nodejs20.x",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": code.getvalue()},
        )
        attributes = self.aws.sqs.get_queue_attributes(
            QueueUrl=self.event_queue, AttributeNames=["QueueArn"]
        )["Attributes"]
        return functions.create_event_source_mapping(
            EventSourceArn=attributes["QueueArn"], FunctionName=function
        )["UUID"]


@pytest.fixture
def there(
    aws: EmulatedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "machines"
    folder.mkdir()
    (folder / "branch.yml").write_text(BRANCH)
    with state_machine_function(aws, folder) as function:
        yield Installation(aws, function, aws.queue(), aws.queue())


def findings(found: dict[str, Any], about: str) -> list[tuple[str, str]]:
    """The names and severities of the findings about something."""
    return [(f["name"], f["severity"]) for f in found["findings"] if f["about"] == about]


# ---- check


def test_an_installation_that_stands_still_is_ready(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_row(an_original_row(metadata={"key": CANARY}))
    before = there.aws.items(there.ours.table)

    assert there.run("check") == 0

    said = capsys.readouterr().out
    assert said.splitlines()[-1].startswith("Stacks: 1; of these taken over: 0. Errors: 0;")
    assert "tasks of the original that are PENDING: 1." in said
    assert CANARY not in said
    assert there.aws.items(there.ours.table) == before
    found = there.found(capsys)
    assert (found["ready"], found["adoptedAt"]) == (True, None)
    assert found["stacks"] == [
        {
            "id": "s",
            "machine": "branch",
            "state": "PROVISION",
            "tasks": {"network": "SATISFIED", "database": "PENDING"},
            "takenOver": False,
        }
    ]
    assert [queue["queue"] for queue in found["queues"]] == ["event", "task"]


ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "no-file": ({"machine": "lost"}, "its machine 'lost' has no file."),
    "errors": ({"machine": "broken"}, "its machine 'broken' has errors."),
    "no-state": ({"_state": "GONE", "tasks": []}, "machine 'branch' has no state 'GONE' now."),
    "no-task": (
        {"tasks": [{"name": "dns", "status": "PENDING"}]},
        "it has the tasks dns, and state 'PROVISION' now has network, database.",
    ),
    "stuck": (
        {"tasks": [{"name": name, "status": "SATISFIED"} for name in ("network", "database")]},
        "its tasks are done, and state 'PROVISION' now goes on after them.",
    ),
    "unreadable": ({"_state": None}, "cannot be read"),
    "large": ({"metadata": {"text": "x" * 360_000}}, "at most 350000 can be kept."),
}


@pytest.mark.parametrize(("fields", "problem"), ROWS.values(), ids=ROWS)
def test_a_stack_that_could_not_go_on_is_told_with_the_reason_and_the_fix(
    there: Installation,
    capsys: pytest.CaptureFixture[str],
    fields: dict[str, Any],
    problem: str,
) -> None:
    there.ours.put_machine("broken", BROKEN)
    there.ours.put_row(an_original_row(**fields))

    assert there.run("check") == 1
    [told] = [each for each in there.found(capsys)["findings"] if each["name"] == "s"]

    assert (told["about"], told["severity"]) == ("stack", "error")
    assert problem in told["problem"]
    assert told["fix"] or "Repair it" in told["problem"]


@pytest.mark.parametrize(
    ("stack_id", "why"),
    [
        pytest.param("x" * 256, "at most 255 characters", id="long"),
        pytest.param("a\nb", "control characters", id="control"),
    ],
)
def test_a_stack_whose_events_would_be_refused_is_told(
    there: Installation, capsys: pytest.CaptureFixture[str], stack_id: str, why: str
) -> None:
    there.ours.put_row(an_original_row(stack_id))

    assert there.run("check") == 1

    assert why in capsys.readouterr().out


def test_each_finding_of_a_machine_file_is_told_with_its_place_and_its_fix(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_machine("broken", BROKEN)

    found = there.found(capsys)

    told = [each for each in found["findings"] if each["about"] == "machine"]
    assert not found["ready"]
    errors = [each for each in told if each["severity"] == "error"]
    assert len(errors) > 1
    assert all(re.fullmatch(r"broken\.yml:[1-9]+:[1-9]+", each["name"]) for each in errors)
    assert all(each["fix"] for each in errors)


SOURCES = {
    "local": ("{type: local, location: net}", "`state: undefined`"),
    "slash": ("{type: s3, bucket: b, key: net/}", "without the slash"),
}


@pytest.mark.parametrize(("source", "fix"), SOURCES.values(), ids=SOURCES)
def test_a_terraform_state_that_would_not_be_found_is_told(
    there: Installation, capsys: pytest.CaptureFixture[str], source: str, fix: str
) -> None:
    config = f"{{source: {source}, action: apply}}"
    there.ours.put_machine("life", LIFE.format(config=config))

    assert there.run("check") == 0

    said = capsys.readouterr().out
    assert "warning: machine life: task 'net' would not find the Terraform state" in said
    assert fix in said


def test_stacks_are_counted_by_state(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        there.ours.put_row(an_original_row(name))
    there.ours.put_row(an_original_row("c", _state="RUN", tasks=[]))

    there.run("check")

    table = [line.split() for line in capsys.readouterr().out.splitlines()[1:3]]
    assert table == [["branch", "PROVISION", "2", "2"], ["branch", "RUN", "1", "0"]]


def test_what_nobody_named_is_told_to_have_been_left_out(
    there: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MACHINE_LOCATOR")

    assert main(["migrate", "check", "--table", there.ours.table, "--watch", "0"]) == 0

    said = capsys.readouterr().out
    assert said.count("looked at.") == 3
    assert "--event-queue" in said
    assert "--task-queue" in said
    assert "--machines" in said


def test_the_table_and_the_queues_are_told_of_where_they_do_not_do_for_us(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.answer("database")

    found = there.found(capsys)

    problems = [each["problem"] for each in found["findings"]]
    assert "messages that wait on it: 1." in problems
    assert "its visibility time-out of 30 s would be too short for CloudSeam." in problems
    assert any("no dead-letter queue" in problem for problem in problems)
    assert any("would stay for ever" in problem for problem in problems)
    assert found["ready"]


# ---- the original, still running


def is_mapped(there: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    there.give_messages_to("original")
    return "original"


def has_messages(there: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    there.answer("database")
    there.aws.sqs.receive_message(QueueUrl=there.event_queue)
    return "event queue"


def writes(there: Installation, monkeypatch: pytest.MonkeyPatch) -> str:
    after = an_original_row(_state="RUN", tasks=[])
    monkeypatch.setattr(time, "sleep", lambda seconds: there.ours.put_row(after))
    return "stack s"


@pytest.mark.parametrize("sign", [is_mapped, has_messages, writes])
@pytest.mark.parametrize("command", ["check", "adopt"])
def test_while_the_original_runs_nothing_is_taken_over(
    there: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sign: Callable[[Installation, pytest.MonkeyPatch], str],
    command: str,
) -> None:
    there.ours.put_row(an_original_row())
    name = sign(there, monkeypatch)

    assert there.run(command) == 1

    said = capsys.readouterr().out
    assert f"error: original {name}: " in said
    assert ("Nothing was changed." in said) == (command == "adopt")
    assert all("version" not in item for item in there.aws.items(there.ours.table).values())


def test_a_mapping_that_is_disabled_is_no_sign(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = there.give_messages_to("original")
    boto3.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)

    assert there.run("check") == 0
    assert findings(there.found(capsys), "original") == []


def test_tasks_that_still_run_are_no_obstacle(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.aws.sqs.send_message(QueueUrl=there.task_queue, MessageBody="{}")
    there.aws.sqs.receive_message(QueueUrl=there.task_queue)

    assert there.run("check") == 0
    assert findings(there.found(capsys), "original") == [("task queue", "warning")]


# ---- adopt


def test_a_dry_run_tells_and_changes_nothing(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_row(an_original_row())
    before = there.aws.items(there.ours.table)

    assert there.run("adopt", "--dry-run") == 0

    assert "Rows to take over: 1. Nothing was changed." in capsys.readouterr().out
    assert there.aws.items(there.ours.table) == before


def test_a_stack_in_flight_goes_on_with_the_answer_that_comes_after(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_row(an_original_row())
    assert there.run("adopt") == 0
    assert "Rows taken over: 1." in capsys.readouterr().out
    there.answer("database")

    route = ["--queue", "event", "--dlq-url", there.event_queue, "--queue-url"]
    where = [there.ours.events_url, "--table", there.ours.table]
    machines = ["--machines", str(there.ours.machines)]
    moved = main(["dlq", "redrive", "--all", *route, *where, *machines])
    [message] = there.aws.received(there.ours.events_url)
    [outcome] = there.ours.deliver(a_delivery(message["Body"]))

    stack = there.ours.stack()
    assert (moved, outcome.fate) == (0, Fate.DONE)
    assert there.aws.received(there.event_queue) == []
    assert stack is not None
    assert (stack.state, stack.version, bool(stack.machine_digest)) == ("RUN", 2, True)


def test_what_the_original_writes_afterwards_is_dead_lettered_until_somebody_has_looked(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_row(an_original_row())
    assert there.run("adopt") == 0
    there.ours.put_row(an_original_row(_state="RUN", tasks=[]))
    event = a_delivery(an_event_body("DESTROY"))

    [refused] = there.ours.deliver(event)

    assert (refused.fate, type(refused.error)) == (Fate.DEAD_LETTERED, ForeignWriteError)
    assert there.run("adopt") == 1
    assert "another program has written its row" in capsys.readouterr().out
    assert main(["migrate", "adopt", "--table", there.ours.table, "--stack", "s", *NOW]) == 0
    [applied] = there.ours.deliver(event)
    assert applied.fate is Fate.DONE
    stack = there.ours.stack()
    assert stack is not None
    assert stack.state == "DESTROY"


def test_nothing_is_taken_over_while_nobody_says_where_the_original_would_run(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", "adopt", "--table", there.ours.table, *NOW]) == 2

    assert "--event-queue" in capsys.readouterr().err
    assert there.aws.items(there.ours.table) == {}


def test_before_it_is_taken_over_each_row_is_still_taken_over_by_its_next_event(
    there: Installation,
) -> None:
    there.ours.put_row(an_original_row(_state="RUN", tasks=[]))

    [applied] = there.ours.deliver(a_delivery(an_event_body("DESTROY")))

    assert applied.fate is Fate.DONE


def test_rows_that_are_none_of_a_stack_keep_all_from_being_taken_over(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_row(an_original_row())
    there.ours.put_row(an_original_row("odd", _state=None))

    assert there.run("adopt") == 1

    said = capsys.readouterr().out
    assert "error: stack odd: " in said
    assert "Nothing was changed." in said
    assert all("version" not in item for item in there.aws.items(there.ours.table).values())


def test_a_table_with_another_key_is_refused(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.aws.dynamodb.create_table(
        TableName="odd",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    code = main(
        ["migrate", "adopt", "--table", "odd", "--event-queue", there.event_queue, "--watch", "0"]
    )

    assert code == 1
    assert "its key is not `id`" in capsys.readouterr().out


def test_adopt_says_its_progress_and_json_has_the_outcome_alone(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(101):
        there.ours.put_row(an_original_row(f"s{number:03}"))

    assert there.run("adopt", "--json") == 0

    said = capsys.readouterr()
    assert said.err.splitlines() == ["100 of 101 rows", "101 of 101 rows"]
    told = json.loads(said.out)
    assert (told["done"], len(told["rows"]), told["findings"]) == (True, 101, [])


def test_stacks_are_given_back_once_cloudseam_takes_no_events(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.ours.put_row(an_original_row())
    assert there.run("adopt") == 0
    mapping = there.give_messages_to("ours")
    arguments = ["migrate", "release", "--table", there.ours.table]

    assert main([*arguments, "--event-queue", there.event_queue]) == 1
    assert "error: CloudSeam ours: " in capsys.readouterr().out
    assert "cloudseam#installation" in there.aws.items(there.ours.table)

    boto3.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    assert main([*arguments, "--event-queue", there.event_queue]) == 0
    assert "cloudseam#installation" not in there.aws.items(there.ours.table)


def test_postgresql_is_taken_over_by_the_same_command(
    request: pytest.FixtureRequest,
    there: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    original = ORIGINALS["postgres"](request)
    original.save(an_original_row())
    monkeypatch.setattr(places, "place_of", lambda target: original.place)
    before = original.row("s")

    assert there.run("check") == 0
    assert original.row("s") == before
    assert there.run("adopt") == 0

    assert "Rows taken over: 1." in capsys.readouterr().out
    assert original.ours.load(["s"]).stacks["s"].version == 1


def test_a_database_without_the_originals_table_is_refused(
    request: pytest.FixtureRequest,
    there: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server: PostgresServer = request.getfixturevalue("postgres")
    original = in_database(request, server.new_user())
    monkeypatch.setattr(places, "place_of", lambda target: original.place)

    assert there.run("adopt") == 1

    assert "has no table `stacks`" in capsys.readouterr().out
