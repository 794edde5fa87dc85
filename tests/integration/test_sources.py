"""The state machine function, driven by Kinesis, DynamoDB Streams, SNS and EventBridge."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from bench.record import Context
from cloudseam.batch import InvalidInvocationError
from cloudseam.errors import ServiceUnavailableError
from cloudseam.outcome import Fate
from cloudseam.queues import MESSAGE_BYTES
from state_machine import app
from tests.builders import CANARY, FakeClock, an_event_body, given
from tests.counted_calls import Calls
from tests.emulated import EmulatedAws
from tests.function import StateMachineFunction, state_machine_function
from tests.sources import (
    ids,
    of_dynamodb,
    of_event_bridge,
    of_kinesis,
    of_sns,
    sequence_numbers,
)

ROOT = Path(__file__).parents[2]
BRANCH = (ROOT / "tests" / "corpus" / "machines" / "branch.yml").read_text()
FILES = ["kinesis", "dynamodb-stream", "sns", "event-bridge"]
NOW = given(0).now / 1000  # epoch seconds; the fake clock moves on by milliseconds
LONG_AGO = NOW - 3600
TASKS = ["network", "database"]


@pytest.fixture
def function(aws: EmulatedAws, tmp_path: Path) -> Iterator[StateMachineFunction]:
    with state_machine_function(aws, tmp_path, FakeClock(0)) as function:
        function.put_machine("branch", BRANCH)
        yield function


def launch(stack_id: str = "s", **fields: Any) -> dict[str, Any]:
    return an_event_body("LAUNCH", stack_id, machine="branch", **fields)


def item(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as an item of a table, in DynamoDB's notation."""
    return {name: TypeSerializer().serialize(value) for name, value in body.items()}


def by_each_source(body: Mapping[str, Any], arrived: float = NOW) -> list[dict[str, Any]]:
    return [
        of_kinesis(body, arrived=arrived),
        of_dynamodb(item(body), arrived=arrived),
        of_sns(json.dumps(body)),
        of_event_bridge("stack event", body),
    ]


SOURCES = ["kinesis", "dynamodb", "sns", "event-bridge"]
by_source = pytest.mark.parametrize("number", range(len(SOURCES)), ids=SOURCES)
by_stream = pytest.mark.parametrize("number", [0, 1], ids=SOURCES[:2])
by_invocation = pytest.mark.parametrize("number", [2, 3], ids=SOURCES[2:])


def state(function: StateMachineFunction, stack_id: str = "s") -> str | None:
    stack = function.stack(stack_id)
    return stack.state if stack else None


def queued(function: StateMachineFunction) -> list[dict[str, Any]]:
    """What was put on the event queue, once it may be received."""
    told = function.aws.sqs.get_queue_attributes(
        QueueUrl=function.events_url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert told["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "0"
    return [json.loads(each["Body"]) for each in function.aws.received(function.events_url)]


@pytest.fixture
def without_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits on the event queue can be seen at once."""
    monkeypatch.setattr("state_machine.sources.waiting.FIRST_WAIT", 0)


# ---- the events of `events/`


@pytest.mark.parametrize("name", FILES)
def test_an_event_of_the_folder_starts_a_stack(aws: EmulatedAws, name: str) -> None:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    with state_machine_function(aws, ROOT / "machines") as function:
        answers = [function.invoke(event) for _ in range(2)]  # redelivered

        stack = function.stack("feature-login")

    assert answers == [[], []]
    assert stack is not None
    assert (stack.state, stack.version) == ("PROVISION", 1)
    assert stack.metadata == {"branch": "feature/login", "size": 2}


def test_a_mixed_batch_of_the_folder_blocks_nothing(aws: EmulatedAws, without_delays: None) -> None:
    event = json.loads((ROOT / "events" / "kinesis-mixed-batch.json").read_text())
    names = list(ids(event))
    with state_machine_function(aws, ROOT / "machines") as function:
        assert function.invoke(event) == []

        (letter,) = function.letters()
        (waiting,) = queued(function)
        started = [state(function, name) for name in ("feature-login", "feature-cart")]

    assert (letter["attributes"]["messageId"], letter["attributes"]["error"]) == (
        names[1],
        "InvalidMessageError",
    )
    assert waiting == {"stackId": "feature-login", "event": "UPDATE", "eventId": names[2]}
    assert started == ["PROVISION", "PROVISION"]


# ---- what an event is, and costs


@by_source
def test_an_event_costs_what_it_costs_by_the_queue(
    function: StateMachineFunction, calls: Calls, number: int
) -> None:
    function.invoke(by_each_source(launch("warm"))[0])
    calls.taken()

    function.invoke(by_each_source(launch())[number])

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 1, "SendMessageBatch": 1}
    assert state(function) == "PROVISION"


@by_source
def test_an_event_is_known_by_its_sources_name_for_it(
    function: StateMachineFunction, number: int
) -> None:
    event = by_each_source(launch())[number]

    function.invoke(event)
    function.invoke(event)

    (first, second) = function.outcomes
    assert first.event is not None
    assert [first.event.id] == list(ids(event))
    assert first.verdict != second.verdict
    stack = function.stack()
    assert stack is not None
    assert stack.version == 1


@by_source
def test_an_event_with_an_id_of_its_own_is_known_by_that(
    function: StateMachineFunction, number: int
) -> None:
    function.invoke(by_each_source(launch(eventId="mine"))[number])
    function.invoke(by_each_source(launch(eventId="mine"))[0])

    assert [each.event.id for each in function.outcomes if each.event] == ["mine", "mine"]
    stack = function.stack()
    assert stack is not None
    assert stack.version == 1


def test_a_detail_type_is_the_events_name_if_the_detail_has_none(
    function: StateMachineFunction,
) -> None:
    function.invoke(of_event_bridge("LAUNCH", {"stackId": "s", "machine": "branch"}))

    assert state(function) == "PROVISION"


def test_an_items_values_are_what_json_has_for_them(function: StateMachineFunction) -> None:
    metadata = {"M": {"n": {"N": "2"}, "f": {"N": "1.5"}, "b": {"BOOL": True}, "z": {"NULL": True}}}
    ignored = {"tags": {"SS": ["b", "a"]}, "blob": {"B": "AAEC"}}

    function.invoke(of_dynamodb(item(launch()) | {"metadata": metadata} | ignored))

    stack = function.stack()
    assert stack is not None
    assert stack.metadata == {"n": 2, "f": 1.5, "b": True, "z": None}
    assert isinstance(stack.metadata["n"], int)


def test_an_item_that_was_removed_is_no_event(function: StateMachineFunction) -> None:
    assert function.invoke(of_dynamodb(None, item(launch()), None)) == []

    assert len(function.outcomes) == 1
    assert state(function) == "PROVISION"


def test_no_source_can_ask_for_a_sweep(function: StateMachineFunction) -> None:
    function.invoke(of_sns('{"sweep": "s"}'))

    (letter,) = function.letters()
    assert letter["attributes"]["error"] == "InvalidMessageError"


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"eventSource": "aws:kinesis"}]},
        {"Records": [{"eventSource": "aws:kinesis", "eventID": "1", "kinesis": {"data": "?"}}]},
        {"Records": [{"eventSource": "aws:dynamodb", "eventName": "OTHER", "dynamodb": {}}]},
        {"Records": [{"EventSource": "aws:sns", "Sns": CANARY}]},
        {"detail-type": "LAUNCH", "id": "1", "detail": CANARY},
        {"Records": ["aws:sns"]},
        {"Records": [{"eventSource": ["aws:sns"]}]},
        {"Records": {"eventSource": "aws:sns"}},
        ["detail-type"],
        "detail-type",
        None,
    ],
    ids=str,
)
def test_an_invocation_that_no_source_makes_is_refused_by_name(
    function: StateMachineFunction, event: Any
) -> None:
    with pytest.raises(InvalidInvocationError) as refused:
        app.lambda_handler(event, Context())

    assert CANARY not in str(refused.value)
    assert function.outcomes == []


# ---- what can never work


@by_source
def test_what_can_never_work_is_dead_lettered_with_its_reason_and_blocks_nothing(
    function: StateMachineFunction, number: int
) -> None:
    body = launch(metadata={"nested": {"a": 1}})
    event = by_each_source(body)[number]

    assert function.invoke(event) == []

    (letter,) = function.letters()
    assert json.loads(letter["body"]) == body
    assert [letter["attributes"]["messageId"]] == list(ids(event))
    assert "metadata" in letter["attributes"]["reason"]
    assert [outcome.fate for outcome in function.outcomes] == [Fate.DEAD_LETTERED]


@pytest.mark.parametrize(
    "data",
    [b"\xff\x00\xfe", b'{"a": "\x0b"}', b"x" * (MESSAGE_BYTES * 2), b'"' + "é".encode() * 200_000],
    ids=["no text", "a character that queues refuse", "too large", "too large in bytes"],
)
def test_data_that_no_queue_takes_is_dead_lettered_as_far_as_one_does(
    function: StateMachineFunction, data: bytes
) -> None:
    event = of_kinesis(data, launch(), arrived=NOW)

    assert function.invoke(event) == []

    (letter,) = function.letters()
    assert letter["attributes"]["messageId"] == next(iter(ids(event)))
    assert len(letter["body"].encode()) < MESSAGE_BYTES
    assert state(function) == "PROVISION"


# ---- what may work later, by a stream


def too_early(stack_id: str = "s", **fields: Any) -> dict[str, Any]:
    """Not allowed before the stack runs."""
    return an_event_body("FREEZE", stack_id, **fields)


def destroy(stack_id: str = "s") -> dict[str, Any]:
    return an_event_body("DESTROY", stack_id)


def test_a_young_record_holds_up_its_shard_and_its_stack_stays_in_order(
    function: StateMachineFunction,
) -> None:
    function.invoke(of_kinesis(launch(), launch("other")))
    event = of_kinesis(too_early(), destroy(), destroy("other"), arrived=NOW)

    failed = function.invoke(event)

    assert failed == sequence_numbers(event)[:2]
    assert state(function) == "PROVISION"  # not destroyed ahead of its turn
    assert state(function, "other") == "DESTROY"
    assert function.letters() == []


@by_stream
def test_a_stream_is_told_the_sequence_number_of_what_has_to_come_again(
    function: StateMachineFunction, number: int
) -> None:
    event = by_each_source(too_early())[number]

    assert function.invoke(event) == sequence_numbers(event)


@by_stream
def test_an_old_record_waits_on_the_event_queue_and_its_shard_goes_on(
    function: StateMachineFunction, without_delays: None, number: int
) -> None:
    event = by_each_source(too_early(), arrived=LONG_AGO)[number]

    assert function.invoke(event) == []

    assert queued(function) == [{**too_early(), "eventId": next(iter(ids(event)))}]
    assert [outcome.fate for outcome in function.outcomes] == [Fate.QUEUED]
    assert function.letters() == []


def test_how_long_a_record_may_hold_up_its_shard_can_be_set(
    aws: EmulatedAws, tmp_path: Path, without_delays: None
) -> None:
    with state_machine_function(aws, tmp_path, FakeClock(0), STREAM_PATIENCE="60") as function:
        younger = function.invoke(of_kinesis(too_early(), arrived=NOW - 59))
        older = function.invoke(of_kinesis(too_early(), arrived=NOW - 61))

        assert (len(younger), older) == (1, [])
        assert len(queued(function)) == 1


def test_what_waits_on_the_queue_waits_there_for_a_while(
    function: StateMachineFunction, calls: Calls
) -> None:
    function.invoke(of_kinesis(too_early(), too_early("other"), arrived=LONG_AGO))

    assert calls.taken()["SendMessageBatch"] == 1
    ((_, sent),) = [told for told in calls.arguments if told[0] == "SendMessageBatch"]
    assert [entry["DelaySeconds"] for entry in sent["Entries"]] == [5, 5]


@by_stream
def test_a_record_waits_in_its_shard_while_a_service_is_down_however_old_it_is(
    function: StateMachineFunction, calls: Calls, number: int
) -> None:
    event = by_each_source(launch(), arrived=LONG_AGO)[number]
    calls.refuse("PutItem", times=20)

    assert function.invoke(event) == sequence_numbers(event)

    assert function.letters() == []


def test_a_record_that_the_queue_does_not_take_comes_again(
    function: StateMachineFunction, calls: Calls
) -> None:
    event = of_kinesis(too_early(), arrived=LONG_AGO)
    calls.refuse("SendMessageBatch", times=20)

    assert function.invoke(event) == sequence_numbers(event)


def test_a_redelivery_from_the_failed_record_on_changes_nothing(
    function: StateMachineFunction,
) -> None:
    event = of_kinesis(launch(), too_early(), launch("other"), arrived=NOW)
    function.invoke(event)

    again = {"Records": event["Records"][1:]}  # as Lambda does: from the lowest number on
    failed = function.invoke(again)

    stack = function.stack("other")
    assert failed == sequence_numbers(again)[:1]
    assert stack is not None
    assert stack.version == 1


# ---- what may work later, by an invocation


@by_invocation
def test_an_event_that_is_too_early_waits_on_the_event_queue(
    function: StateMachineFunction, without_delays: None, number: int
) -> None:
    event = by_each_source(too_early())[number]

    function.invoke(event)

    assert queued(function) == [{**too_early(), "eventId": next(iter(ids(event)))}]


@by_invocation
def test_an_event_waits_on_the_event_queue_while_the_store_is_down(
    function: StateMachineFunction, calls: Calls, without_delays: None, number: int
) -> None:
    calls.refuse("PutItem", times=20)

    function.invoke(by_each_source(launch())[number])

    (waiting,) = queued(function)
    assert waiting["event"] == "LAUNCH"


@by_invocation
def test_lambda_calls_again_where_not_even_the_queue_takes_an_event(
    function: StateMachineFunction, calls: Calls, number: int
) -> None:
    calls.refuse("SendMessageBatch", times=20)

    with pytest.raises(ServiceUnavailableError) as failed:
        app.lambda_handler(
            by_each_source(too_early(metadata={"secret": CANARY}))[number], Context()
        )

    assert CANARY not in str(failed.value)


def test_without_the_event_queues_url_lambda_calls_again(aws: EmulatedAws, tmp_path: Path) -> None:
    with (
        state_machine_function(aws, tmp_path, SQS_EVENT_QUEUE_URL=""),
        pytest.raises(ServiceUnavailableError),
    ):
        app.lambda_handler(of_sns(json.dumps(too_early())), Context())
