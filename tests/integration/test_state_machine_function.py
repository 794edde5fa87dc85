"""The state machine function over emulated AWS, with the events of `events/`."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from cloudseam.delivery import Delivery
from cloudseam.errors import InvalidSettingsError
from cloudseam.observability import logger
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from state_machine import app, wiring
from state_machine.sources import Source, source_of
from tests.bad_events import BAD_EVENTS, BadEvent
from tests.builders import CANARY, a_delivery, an_answer_body, an_event_body
from tests.counted_calls import Calls
from tests.emulated import EmulatedAws
from tests.function import (
    MAX_RECEIVES,
    StateMachineFunction,
    a_record,
    forget_container,
    state_machine_function,
)
from tests.integration.conftest import BRANCH

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
MACHINES = ROOT / "machines"
# What the emulated SQS takes as a letter again, with its reason.
SENDABLE = [bad for bad in BAD_EVENTS if len(bad.body) < 1_000_000]
MIXED = (ROOT / "tests" / "corpus" / "machines" / "mixed.yml").read_text()


@pytest.fixture
def sample(aws: EmulatedAws) -> Iterator[StateMachineFunction]:
    """The function with the project's own machines."""
    with state_machine_function(aws, MACHINES) as function:
        yield function


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The lines that the function writes to its log."""
    stream = io.StringIO()
    handlers = [h for h in logger.handlers if isinstance(h, logging.StreamHandler)]
    before = [handler.setStream(stream) for handler in handlers]
    yield stream
    for handler, kept in zip(handlers, before, strict=True):
        if kept is not None:
            handler.setStream(kept)


def an_event(name: str) -> dict[str, Any]:
    return dict(json.loads((EVENTS / f"{name}.json").read_text()))


def launch(**fields: Any) -> dict[str, Any]:
    return an_event_body("LAUNCH", machine="branch", **fields)


def names(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [message["task"]["name"] for message in messages]


# ---- the events of `events/`

LIFE = ["launch", "all-tasks-completed"]
PROVISION_TASKS = ["network", "app", "notify"]


@pytest.mark.parametrize(
    ("before", "event", "tasks", "state"),
    [
        pytest.param([], "launch", PROVISION_TASKS, "PROVISION", id="launch"),
        pytest.param(["launch"], "note-metadata", [], "PROVISION", id="note-metadata"),
        pytest.param(["launch"], "task-completed", [], "PROVISION", id="task-completed"),
        pytest.param(["launch"], "all-tasks-completed", [], "RUN", id="all-tasks-completed"),
        pytest.param(["launch"], "task-error", [], "PROVISION", id="task-error"),
        pytest.param(["launch"], "late-answer", [], "PROVISION", id="late-answer"),
        pytest.param(
            ["launch", "task-error"], "retry-failed", ["app"], "PROVISION", id="retry-failed"
        ),
        pytest.param(
            ["launch", "task-completed"],
            "retry-pending",
            ["app", "notify"],
            "PROVISION",
            id="retry-pending",
        ),
        pytest.param(LIFE, "update", ["app", "notify"], "UPDATE", id="update"),
        pytest.param(
            LIFE, "destroy", ["remove-app", "remove-network", "notify"], "TEARDOWN", id="destroy"
        ),
        pytest.param(
            [*LIFE, "destroy"], "all-removals-completed", [], None, id="all-removals-completed"
        ),
        pytest.param(
            ["launch", "task-completed"],
            "launch-delivered-again",
            ["app", "notify"],
            "PROVISION",
            id="launch-delivered-again",
        ),
    ],
)
def test_an_event_of_the_folder_is_applied(
    sample: StateMachineFunction, before: list[str], event: str, tasks: list[str], state: str | None
) -> None:
    for earlier in before:
        assert sample.invoke(an_event(earlier)) == []
    sample.tasks()

    assert sample.invoke(an_event(event)) == []

    stack = sample.stack("feature-login")
    assert stack is not None
    assert (None if stack.is_removed else stack.state) == state
    assert names(sample.tasks()) == tasks
    assert sample.letters() == []


def test_an_execution_is_started_and_stopped_by_events_of_the_folder(
    sample: StateMachineFunction,
) -> None:
    assert sample.invoke(an_event("start-execution")) == []
    started = sample.stack("notice-1")
    [asked] = sample.tasks()
    assert sample.invoke(an_event("stop-execution")) == []
    stopped = sample.stack("notice-1")

    [told] = an_event("task-states")["Records"]
    expected = json.loads(told["body"])
    assert asked["input"]["resource"] == expected["input"]["resource"]
    assert asked["input"]["arguments"] == expected["input"]["arguments"]
    assert asked["task"]["name"] == expected["task"]["name"]
    assert started is not None
    assert stopped is not None
    assert (started.state, stopped.state) == ("RUNNING", "ABORTED")
    assert stopped.memory["execution"]["error"] == "Operator.Stopped"
    assert sample.letters() == []


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ("not-json", "InvalidMessageError"),
        ("nested-metadata", "InvalidMessageError"),
        ("next-from-outside", "EventNotAllowedFromOutsideError"),
        ("unknown-task", "UnknownTaskError"),
        ("last-receive", "TransitionNotAllowedError"),
    ],
)
def test_an_event_of_the_folder_is_dead_lettered_as_it_is_with_its_reason(
    sample: StateMachineFunction, event: str, error: str
) -> None:
    sample.invoke(an_event("launch"))
    (record,) = an_event(event)["Records"]

    assert sample.invoke({"Records": [record]}) == []

    (letter,) = sample.letters()
    assert letter["body"] == record["body"]
    assert letter["attributes"]["error"] == error
    assert letter["attributes"]["messageId"] == record["messageId"]
    assert letter["attributes"]["receiveCount"] == record["attributes"]["ApproximateReceiveCount"]
    assert letter["attributes"]["reason"]


@pytest.mark.parametrize("event", ["too-early", "unknown-machine"])
def test_an_event_of_the_folder_is_returned_for_later(
    sample: StateMachineFunction, event: str
) -> None:
    sample.invoke(an_event("launch"))
    (record,) = an_event(event)["Records"]

    assert sample.invoke({"Records": [record]}) == [record["messageId"]]
    assert sample.letters() == []


def test_a_mixed_batch_gives_each_record_its_own_outcome(sample: StateMachineFunction) -> None:
    batch = an_event("mixed-batch")
    ids = [record["messageId"] for record in batch["Records"]]

    assert sample.invoke(batch) == [ids[2]]

    assert [letter["attributes"]["messageId"] for letter in sample.letters()] == [ids[1], ids[4]]
    assert names(sample.tasks()) == PROVISION_TASKS * 2
    cart = sample.stack("feature-cart")
    assert cart is not None
    assert (cart.state, cart.metadata, cart.version) == ("PROVISION", {"image_tag": "2.0.0"}, 1)


def test_every_event_of_the_folder_is_one_that_sqs_could_send_unless_its_name_says_who() -> None:
    elsewhere = {name: source_of(an_event(name)) for name in (p.stem for p in EVENTS.glob("*"))}
    named = {name: source for name, source in elsewhere.items() if source}

    assert named == {
        "dynamodb-stream": Source.DYNAMODB,
        "event-bridge": Source.EVENT_BRIDGE,
        "kinesis": Source.KINESIS,
        "kinesis-mixed-batch": Source.KINESIS,
        "sns": Source.SNS,
    }
    for path in sorted(EVENTS.glob("*.json")):
        for record in [] if path.stem in named else json.loads(path.read_text())["Records"]:
            assert record["eventSource"] == "aws:sqs", path.name
            assert int(record["attributes"]["ApproximateReceiveCount"]) >= 1, path.name
            assert {"messageId", "receiptHandle", "body"} <= set(record), path.name


# ---- what an event costs


def test_an_event_with_tasks_is_one_read_one_write_and_one_send(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.deliver(a_delivery(launch(stackId="first")))  # the machine's version is kept here
    calls.taken()

    function.deliver(a_delivery(launch()))

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 1, "SendMessageBatch": 1}


@pytest.mark.parametrize(
    ("tenant", "group"), [("", None), ("none", None), ("stack", "s"), ("machine", "branch")]
)
def test_fair_queues_cost_no_call(
    aws: EmulatedAws, tmp_path: Path, calls: Calls, tenant: str, group: str | None
) -> None:
    with state_machine_function(aws, tmp_path, FAIR_QUEUES=tenant) as function:
        function.put_machine("branch", BRANCH)
        function.deliver(a_delivery(launch(stackId="first")))
        aws.received(function.tasks_url)
        calls.taken()

        function.deliver(a_delivery(launch()))

        assert calls.taken() == {"BatchGetItem": 1, "PutItem": 1, "SendMessageBatch": 1}
        asked = aws.received(function.tasks_url)
    assert {each["Attributes"].get("MessageGroupId") for each in asked} == {group}


def test_the_first_stack_on_a_version_costs_one_write_more(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.deliver(a_delivery(launch()))

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 2, "SendMessageBatch": 1}


def test_the_full_history_takes_the_place_of_the_write(
    aws: EmulatedAws, calls: Calls, tmp_path: Path
) -> None:
    with state_machine_function(aws, tmp_path, HISTORY="full") as function:
        function.put_machine("branch", BRANCH)
        function.deliver(a_delivery(launch()))
        calls.taken()
        function.deliver(a_delivery(an_event_body("NOTE")))
        cost, stack = calls.taken(), function.stack()
        kept = DynamoDBStackRepository(aws.dynamodb, function.table).history("s", 9, 9)

    assert cost == {"BatchGetItem": 1, "TransactWriteItems": 1}
    assert stack is not None
    assert [(entry.event, entry.version) for entry in kept] == [("NOTE", 2), ("LAUNCH", 1)]
    assert [entry.event for entry in stack.history] == ["LAUNCH", "NOTE"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            an_event_body("NOTE"), {"BatchGetItem": 1, "PutItem": 1}, id="applied-without-tasks"
        ),
        pytest.param(
            launch(eventId="launch-1"),
            {"BatchGetItem": 1, "SendMessageBatch": 1},
            id="duplicate-that-is-owed-tasks",
        ),
        pytest.param(
            an_event_body("TASK_COMPLETED", task={"name": "network", "token": "old"}),
            {"BatchGetItem": 1, "PutItem": 1},
            id="late-and-noted",
        ),
        pytest.param(
            an_event_body("UPDATE"),
            {"BatchGetItem": 1, "ChangeMessageVisibilityBatch": 1},
            id="returned",
        ),
        pytest.param("{", {"SendMessageBatch": 1}, id="dead-lettered"),
    ],
)
def test_nothing_is_called_that_an_event_does_not_need(
    calls: Calls, function: StateMachineFunction, body: Any, expected: dict[str, int]
) -> None:
    function.deliver(a_delivery(launch(eventId="launch-1")))
    calls.taken()

    function.deliver(a_delivery(body))

    assert calls.taken() == expected


def test_ten_events_for_ten_stacks_are_one_read_ten_writes_and_two_sends(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.deliver(a_delivery(launch(stackId="first")))
    calls.taken()

    function.deliver(*(a_delivery(launch(stackId=f"s{n}")) for n in range(10)))

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 10, "SendMessageBatch": 2}
    assert len(function.tasks()) == 22


def test_tasks_for_two_queues_are_one_send_on_each(
    calls: Calls, function: StateMachineFunction
) -> None:
    """Without a timer, which would be a send on the event queue."""
    function.put_machine("mixed", MIXED.replace("timeout: 5h", ""))
    function.deliver(a_delivery(an_event_body("LAUNCH", "first", machine="mixed")))
    function.tasks()
    function.container_tasks()
    calls.taken()

    function.deliver(
        *(a_delivery(an_event_body("LAUNCH", f"s{n}", machine="mixed")) for n in range(5))
    )

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 5, "SendMessageBatch": 2}
    assert names(function.tasks()) == ["note"] * 5
    assert names(function.container_tasks()) == ["image"] * 5


def test_a_removal_is_one_write(calls: Calls, function: StateMachineFunction) -> None:
    function.deliver(a_delivery(launch()))
    function.deliver(a_delivery(an_event_body("DESTROY")))
    answers = [an_answer_body(message) for message in function.tasks()[2:]]
    calls.taken()

    function.deliver(*(a_delivery(answer) for answer in answers))

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 1}
    assert set(function.aws.items(function.table)["s"]) == {
        "id",
        "machine",
        "version",
        "epoch",
        "applied",
        "history",
        "removedAt",
        "ttl",
    }


# ---- faults of AWS


def test_a_read_that_fails_returns_the_events_and_changes_nothing(
    calls: Calls, function: StateMachineFunction
) -> None:
    calls.refuse("BatchGetItem")

    (outcome,) = function.deliver(a_delivery(launch()))

    assert outcome.fate is Fate.RETURNED
    assert function.aws.items(function.table) == {}


def test_a_write_that_fails_sends_nothing_and_the_redelivery_makes_it_good(
    calls: Calls, function: StateMachineFunction
) -> None:
    delivery = a_delivery(launch())
    calls.refuse("PutItem")

    (failed,) = function.deliver(delivery)
    assert failed.fate is Fate.RETURNED
    assert function.tasks() == []

    (again,) = function.deliver(delivery)
    assert again.fate is Fate.DONE
    assert names(function.tasks()) == ["network", "database"]


def test_a_write_whose_answer_is_lost_is_made_good_by_the_redelivery(
    calls: Calls, function: StateMachineFunction
) -> None:
    delivery = a_delivery(launch())
    calls.leave_unanswered("PutItem")

    (unknown,) = function.deliver(delivery)
    assert unknown.fate is Fate.RETURNED
    assert function.tasks() == []

    (again,) = function.deliver(delivery)
    assert again.fate is Fate.DONE
    assert names(function.tasks()) == ["network", "database"]
    stack = function.stack()
    assert stack is not None
    assert (stack.state, stack.version) == ("PROVISION", 1)


@pytest.mark.parametrize("is_sent", [False, True], ids=["refused", "answer-lost"])
def test_a_send_that_fails_returns_the_event_and_the_redelivery_sends_again(
    calls: Calls, function: StateMachineFunction, is_sent: bool
) -> None:
    delivery = a_delivery(launch())
    fault = calls.leave_unanswered if is_sent else calls.refuse
    fault("SendMessageBatch")

    (failed,) = function.deliver(delivery)
    assert failed.fate is Fate.RETURNED
    first = function.tasks()

    (again,) = function.deliver(delivery)
    assert again.fate is Fate.DONE
    second = function.tasks()
    assert names(first) == (["network", "database"] if is_sent else [])
    assert names(second) == ["network", "database"]
    tokens = {message["task"]["token"] for message in first + second}
    assert len(tokens) == 2
    stack = function.stack()
    assert stack is not None
    assert stack.version == 1


def test_a_removal_that_fails_is_made_good_by_the_redelivery(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.deliver(a_delivery(launch()))
    function.deliver(a_delivery(an_event_body("DESTROY")))
    deliveries = [a_delivery(an_answer_body(message)) for message in function.tasks()[2:]]
    calls.refuse("PutItem")

    failed = function.deliver(*deliveries)
    assert {outcome.fate for outcome in failed} == {Fate.RETURNED}

    function.deliver(*deliveries)
    stack = function.stack()
    assert stack is not None
    assert stack.is_removed


def test_a_dead_letter_queue_that_fails_returns_the_message(
    calls: Calls, function: StateMachineFunction
) -> None:
    calls.refuse("SendMessageBatch")

    (outcome,) = function.deliver(a_delivery("{"))

    assert outcome.fate is Fate.RETURNED


def test_a_failing_back_off_leaves_the_message_to_the_queues_own_time_out(
    calls: Calls, function: StateMachineFunction
) -> None:
    calls.refuse("ChangeMessageVisibilityBatch")

    (outcome,) = function.deliver(a_delivery(an_event_body("PING")))

    assert outcome.fate is Fate.RETURNED


def test_a_returned_message_waits_longer_each_time(
    calls: Calls, function: StateMachineFunction
) -> None:
    for receive in (1, 2, 3):
        function.deliver(a_delivery(an_event_body("PING"), receive_count=receive))

    entries = [
        body["Entries"][0]["VisibilityTimeout"]
        for name, body in calls.arguments
        if name == "ChangeMessageVisibilityBatch"
    ]
    assert entries == [5, 10, 20]


def test_a_message_in_flight_is_hidden_for_its_wait(function: StateMachineFunction) -> None:
    sqs, url = function.aws.sqs, function.events_url
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(an_event_body("PING")))
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]

    function.deliver(
        Delivery(message["MessageId"], message["Body"], receipt=message["ReceiptHandle"])
    )

    assert "Messages" not in sqs.receive_message(QueueUrl=url)


# ---- two containers on one stack


def test_two_containers_on_one_stack_lose_no_completion(
    function: StateMachineFunction,
) -> None:
    """The second container acts between the first one's read and its write."""
    function.deliver(a_delivery(launch()))
    network, database = (a_delivery(an_answer_body(message)) for message in function.tasks())
    rival_store = wiring.build_store(app.settings())
    rivals = [wiring.build_service(app.settings(), rival_store, app.machines())]
    seen: list[Outcome] = []

    def rival(**_: Any) -> None:
        while rivals:
            seen.extend(rivals.pop().handle_batch([network]))

    forget_container()
    session = boto3.Session()
    session.events.register("before-call.dynamodb.PutItem", rival)
    with patch.object(boto3, "client", session.client):
        (outcome,) = function.deliver(database)

    assert [seen[0].error, outcome.error] == [None, None]
    stack = function.stack()
    assert stack is not None
    assert (stack.state, stack.version) == ("RUN", 3)


# ---- bad input


def test_bad_messages_do_no_harm_one_by_one(
    function: StateMachineFunction, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    function.deliver(a_delivery(launch(metadata={"secret": CANARY})))
    before, _ = unnoted(function.aws.items(function.table)), function.tasks()

    for bad in SENDABLE:
        (outcome,) = function.deliver(a_delivery(in_branch(bad)))
        assert (outcome.error and type(outcome.error).__name__) == bad.error, bad.id
        assert outcome.fate is bad.fate, bad.id

    assert unnoted(function.aws.items(function.table)) == before
    assert function.tasks() == []
    written = capfd.readouterr()
    assert CANARY not in log.getvalue() + written.out + written.err


def unnoted(items: Mapping[str, Any]) -> dict[str, Any]:
    """Items without the notes of answers that came too late, which are commits too."""
    return {
        item_id: {name: item[name] for name in item if name not in ("history", "version")}
        for item_id, item in items.items()
    }


def in_branch(bad: BadEvent) -> str:
    """The message, in the words of machine `branch`."""
    words = {"PING": "NOTE", "net": "network", "life": "branch"}
    body = bad.body
    for word, ours in words.items():
        body = body.replace(f'"{word}"', f'"{ours}"')
    return body


def test_a_message_too_large_to_be_sent_again_with_its_reason_is_returned(
    function: StateMachineFunction,
) -> None:
    (outcome,) = function.deliver(a_delivery("x" * 1_048_577))

    assert outcome.fate is Fate.RETURNED


def test_bad_messages_in_one_batch_are_each_a_letter_with_its_reason(
    function: StateMachineFunction,
) -> None:
    function.deliver(a_delivery(launch(metadata={"secret": CANARY})))
    deliveries = [a_delivery(in_branch(bad), receive_count=MAX_RECEIVES) for bad in SENDABLE]

    function.invoke({"Records": [a_record(delivery) for delivery in deliveries]})

    letters = {letter["attributes"]["messageId"]: letter for letter in function.letters()}
    refused = [
        (bad, delivery) for bad, delivery in zip(SENDABLE, deliveries, strict=True) if bad.error
    ]
    assert len(letters) == len(refused) >= 100
    for bad, delivery in refused:
        letter = letters[delivery.message_id]
        assert letter["body"] == delivery.body, bad.id
        assert letter["attributes"]["error"] == bad.error, bad.id
        assert CANARY not in str(letter["attributes"]), bad.id


ROW: dict[str, Any] = {
    "id": "s",
    "machine": "branch",
    "_state": "RUN",
    "tasks": [],
    "metadata": {"secret": CANARY},
    "createdAt": 1,
    "updatedAt": 1,
    "version": 4,
}


@pytest.mark.parametrize(
    "damage",
    [
        {"_state": 7},
        {"_state": ""},
        {"machine": None},
        {"machine": ["branch"]},
        {"tasks": "network"},
        {"tasks": ["network"]},
        {"tasks": [{"name": "network"}]},
        {"tasks": [{"name": "network", "status": "DONE"}]},
        {"tasks": {"network": "PENDING"}},
        {"tasks": {1, 2}},
        {"metadata": [CANARY]},
        {"metadata": {"k": b"bytes"}},
        {"outputs": "x"},
        {"version": "4"},
        {"version": -1},
        {"epoch": "x"},
        {"applied": ["x"]},
        {"createdAt": "yesterday"},
        {"removedAt": "today"},
    ],
    ids=str,
)
def test_a_damaged_row_is_left_as_it_is_and_costs_the_others_nothing(
    function: StateMachineFunction, log: io.StringIO, damage: dict[str, Any]
) -> None:
    function.put_row(ROW | damage)
    before = function.aws.items(function.table)["s"]

    outcomes = function.deliver(
        a_delivery(launch(stackId="a")),
        a_delivery(an_event_body("NOTE")),
        a_delivery(launch(stackId="b")),
    )

    assert [outcome.fate for outcome in outcomes] == [Fate.DONE, Fate.RETURNED, Fate.DONE]
    assert type(outcomes[1].error).__name__ == "UnreadableRowError"
    assert "Repair it" in log.getvalue()
    assert CANARY not in log.getvalue()
    assert function.aws.items(function.table)["s"] == before
    assert len(function.tasks()) == 4


def test_a_machine_with_errors_fails_its_own_stacks_until_it_is_mended(
    function: StateMachineFunction,
) -> None:
    function.put_machine("broken", "version: 1\nstates: [INIT]\n")
    delivery = a_delivery(an_event_body("LAUNCH", "b", machine="broken"))

    outcomes = function.deliver(a_delivery(launch()), delivery)
    assert [outcome.fate for outcome in outcomes] == [Fate.DONE, Fate.RETURNED]
    assert "broken.yml:" in str(outcomes[1].error)

    function.put_machine("broken", BRANCH)
    (again,) = function.deliver(delivery)
    assert again.fate is Fate.DONE


def test_a_machine_outside_the_folder_is_out_of_reach(function: StateMachineFunction) -> None:
    (function.machines.parent / "secret.yml").write_text(BRANCH)
    for name in ("../secret", str(function.machines.parent / "secret"), "./branch", "branch.yml"):
        (outcome,) = function.deliver(a_delivery(an_event_body("LAUNCH", machine=name)))
        assert outcome.fate is Fate.RETURNED
    assert function.aws.items(function.table) == {}


# ---- settings and start


@pytest.mark.parametrize("missing", ["MACHINE_LOCATOR", "MACHINE_SPEC_DIR", "SQS_TASK_QUEUE_URL"])
def test_a_missing_setting_is_named(
    function: StateMachineFunction, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)

    with pytest.raises(InvalidSettingsError, match=f"{missing} is required"):
        function.deliver(a_delivery(launch()))


def test_without_a_dead_letter_queue_what_can_never_work_goes_back(
    aws: EmulatedAws, tmp_path: Path
) -> None:
    with state_machine_function(aws, tmp_path, SQS_EVENT_DLQ_URL="") as function:
        (outcome,) = function.deliver(a_delivery("{", receive_count=99))

    assert outcome.fate is Fate.RETURNED


def test_without_the_event_queues_url_a_message_goes_back_all_the_same(
    aws: EmulatedAws, calls: Calls, tmp_path: Path
) -> None:
    with state_machine_function(aws, tmp_path, SQS_EVENT_QUEUE_URL="") as function:
        (outcome,) = function.deliver(a_delivery(an_event_body("PING")))

    assert outcome.fate is Fate.RETURNED
    assert "ChangeMessageVisibilityBatch" not in calls.taken()


def test_the_receive_after_which_a_message_is_given_up_can_be_set(
    aws: EmulatedAws, tmp_path: Path
) -> None:
    with state_machine_function(aws, tmp_path, MAX_RECEIVE_COUNT="2") as function:
        fates = [
            function.deliver(a_delivery(an_event_body("PING"), receive_count=n))[0].fate
            for n in (1, 2)
        ]

    assert fates == [Fate.RETURNED, Fate.DEAD_LETTERED]


def test_importing_the_function_needs_no_settings() -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SQS_", "MACHINE_", "DYNAMODB_"))
    }

    started = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import state_machine.app"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (started.returncode, started.stderr) == (0, "")


def test_an_invocation_logs_its_request_and_counts_its_events(
    function: StateMachineFunction, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    function.deliver(a_delivery(launch(metadata={"secret": CANARY})), a_delivery("{"))

    applied, refused = (json.loads(line) for line in log.getvalue().splitlines())
    assert (applied["function_request_id"], applied["stack_id"]) == ("request", "s")
    assert (refused["level"], refused["error"]) == ("WARNING", "InvalidMessageError")
    written = capfd.readouterr().out
    metrics = [json.loads(line) for line in written.splitlines() if "_aws" in line]
    counted = {name for line in metrics for name in line if name.startswith("Events")}
    assert counted == {"EventsApplied", "EventsDeadLettered"}
    assert CANARY not in written


def test_an_observer_sees_each_outcome_after_it_was_settled(
    function: StateMachineFunction,
) -> None:
    seen: list[Outcome] = []
    with patch.object(app, "observers", [*app.observers, seen.append]):
        function.deliver(a_delivery(launch()), a_delivery("{"))

    assert [outcome.fate for outcome in seen] == [Fate.DONE, Fate.DEAD_LETTERED]


def test_what_is_built_for_a_snapshot_asks_no_store_and_no_queue_and_takes_events(
    calls: Calls, function: StateMachineFunction
) -> None:
    app.prepare()
    before = calls.taken()

    function.deliver(a_delivery(launch()))

    stack = function.stack()
    assert before == {}
    assert stack is not None
    assert stack.state == "PROVISION"
