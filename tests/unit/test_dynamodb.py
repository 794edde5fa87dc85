"""DynamoDB as a store of stacks: pages, what it leaves unprocessed, and every way to fail."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.exceptions import ReadTimeoutError as TimedOut
from mypy_boto3_dynamodb import DynamoDBClient

from cloudseam.errors import (
    CloudSeamError,
    ServiceUnavailableError,
    StackConflictError,
    StackTooLargeError,
)
from cloudseam.persistence.dynamodb.batch_read import READ_ATTEMPTS
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.row import UnreadableRowError, UnwritableRowError, to_row
from tests.builders import CANARY, a_stack

Call = dict[str, Any]
Answer = Callable[[Call], dict[str, Any]]


def item(stack_id: str) -> dict[str, Any]:
    row = to_row(a_stack(id=stack_id))
    return {name: TypeSerializer().serialize(value) for name, value in row.items()}


def keys(call: Call) -> list[str]:
    return [key["id"]["S"] for key in call["RequestItems"]["Stacks"]["Keys"]]


def everything(call: Call) -> dict[str, Any]:
    return {"Responses": {"Stacks": [item(key) for key in keys(call)]}, "UnprocessedKeys": {}}


def leaving(*left: str) -> Answer:
    """Answers all keys but some, over and over."""

    def answer(call: Call) -> dict[str, Any]:
        unread = [key for key in keys(call) if key in left]
        return {
            "Responses": {"Stacks": [item(key) for key in keys(call) if key not in left]},
            "UnprocessedKeys": {"Stacks": {"Keys": [{"id": {"S": key}} for key in unread]}}
            if unread
            else {},
        }

    return answer


class StubDynamoDB:
    """DynamoDB as far as the store calls it; each call is kept, and answered as the test says."""

    def __init__(
        self, read: Answer = everything, write: Answer = lambda call: {}, scan: Answer = dict
    ) -> None:
        self.reads: list[Call] = []
        self.writes: list[Call] = []
        self._read, self._write, self._scan = read, write, scan

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        self.reads.append(call)
        return self._read(call)

    def put_item(self, **call: Any) -> dict[str, Any]:
        self.writes.append(call)
        return self._write(call)

    def scan(self, **call: Any) -> dict[str, Any]:
        return self._scan(call)

    def store(self) -> DynamoDBStackRepository:
        return DynamoDBStackRepository(cast(DynamoDBClient, self), "Stacks")


def failing(error: Exception) -> Answer:
    def answer(call: Call) -> dict[str, Any]:
        raise error

    return answer


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the store would have waited between its attempts."""
    waited: list[float] = []
    monkeypatch.setattr("cloudseam.persistence.dynamodb.batch_read.time.sleep", waited.append)
    return waited


IDS = [f"s{number}" for number in range(250)]


def test_a_load_reads_consistently_a_hundred_keys_a_call() -> None:
    stub = StubDynamoDB()

    loaded = stub.store().load(IDS)

    assert [len(keys(call)) for call in stub.reads] == [100, 100, 50]
    assert all(call["RequestItems"]["Stacks"]["ConsistentRead"] for call in stub.reads)
    assert set(loaded.stacks) == set(IDS)


def test_keys_left_unprocessed_are_asked_for_again_and_no_others(waits: list[float]) -> None:
    answers = iter([leaving("b", "c"), leaving("c"), everything])
    stub = StubDynamoDB(lambda call: next(answers)(call))

    loaded = stub.store().load(["a", "b", "c"])

    assert [keys(call) for call in stub.reads] == [["a", "b", "c"], ["b", "c"], ["c"]]
    assert all(call["RequestItems"]["Stacks"]["ConsistentRead"] for call in stub.reads)
    assert set(loaded.stacks) == {"a", "b", "c"}
    assert len(waits) == 2


def test_keys_left_unprocessed_to_the_end_fail_alone(waits: list[float]) -> None:
    stub = StubDynamoDB(leaving("b"))

    loaded = stub.store().load(["a", "b", "c"])

    assert set(loaded.stacks) == {"a", "c"}
    assert isinstance(loaded.failures["b"], ServiceUnavailableError)
    assert (len(stub.reads), len(waits)) == (READ_ATTEMPTS, READ_ATTEMPTS - 1)
    assert sum(waits) < 2


OUTAGES: list[Exception] = [
    refused("ProvisionedThroughputExceededException"),
    refused("ThrottlingException"),
    refused("RequestLimitExceeded"),
    refused("InternalServerError"),
    refused("ResourceNotFoundException"),
    refused("AccessDeniedException"),
    refused("ExpiredTokenException"),
    EndpointConnectionError(endpoint_url="x"),
    ConnectTimeoutError(endpoint_url="x"),
    TimedOut(endpoint_url="x"),
]
OUTAGE_IDS = [
    error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    for error in OUTAGES
]


@pytest.mark.parametrize("error", OUTAGES, ids=OUTAGE_IDS)
def test_a_read_that_fails_is_an_outage_of_its_page_only(error: Exception) -> None:
    def second_page_fails(call: Call) -> dict[str, Any]:
        if keys(call)[0] == "s100":
            raise error
        return everything(call)

    loaded = StubDynamoDB(second_page_fails).store().load(IDS)

    assert set(loaded.failures) == set(IDS[100:200])
    assert set(loaded.stacks) == set(IDS) - set(IDS[100:200])
    failure = loaded.failures["s100"]
    assert isinstance(failure, ServiceUnavailableError)
    assert failure.__cause__ is error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((error, ServiceUnavailableError) for error in OUTAGES),
        (refused("ConditionalCheckFailedException"), StackConflictError),
        (refused("ValidationException"), StackTooLargeError),
    ],
    ids=[*OUTAGE_IDS, "ConditionalCheckFailed", "ValidationException"],
)
def test_a_write_that_fails_fails_its_stack_only(
    error: Exception, expected: type[CloudSeamError]
) -> None:
    def one_fails(call: Call) -> dict[str, Any]:
        if call["Item"]["id"]["S"] == "b":
            raise error
        return {}

    failures = StubDynamoDB(write=one_fails).store().save([a_stack(id=name) for name in "abc"])

    assert {name: type(failure) for name, failure in failures.items()} == {"b": expected}


@pytest.mark.parametrize("error", OUTAGES, ids=OUTAGE_IDS)
def test_a_scan_that_fails_is_an_outage(error: Exception) -> None:
    with pytest.raises(ServiceUnavailableError):
        list(StubDynamoDB(scan=failing(error)).store().scan())


@pytest.mark.parametrize(
    "value", [10**40, 1e300, object(), {1, 2}, b"x" * 10], ids=lambda value: type(value).__name__
)
def test_a_value_that_cannot_be_written_fails_its_stack_only(value: Any) -> None:
    stub = StubDynamoDB()

    failures = stub.store().save(
        [a_stack(id="a"), a_stack(id="b", metadata={"k": value, "c": CANARY}), a_stack(id="c")]
    )

    assert {name: type(failure) for name, failure in failures.items()} == {"b": UnwritableRowError}
    assert CANARY not in str(failures["b"])
    assert sorted(call["Item"]["id"]["S"] for call in stub.writes) == ["a", "c"]


@pytest.mark.parametrize(
    "damage",
    [
        {"tasks": {"SS": ["net"]}},
        {"metadata": {"M": {"k": {"B": b"bytes"}}}},
        {"metadata": {"M": {"k": {"NS": ["1"]}}}},
        {"applied": {"L": [{"S": "mark"}]}},
        {"version": {"S": "3"}},
        {"version": {"N": "1.5"}},
        {"machine": {"NULL": True}},
        {"_state": {"N": "1"}},
    ],
    ids=str,
)
def test_an_item_that_is_not_a_row_fails_alone_and_is_not_listed(damage: dict[str, Any]) -> None:
    items = [item("a"), item("b") | damage, item("c")]
    stub = StubDynamoDB(
        lambda call: {"Responses": {"Stacks": items}}, scan=lambda call: {"Items": items}
    )

    loaded = stub.store().load(["a", "b", "c"])

    assert set(loaded.stacks) == {"a", "c"}
    assert isinstance(loaded.failures["b"], UnreadableRowError)
    assert [stack.id for stack in stub.store().scan()] == ["a", "c"]


@pytest.mark.parametrize(
    ("version", "condition", "values"),
    [
        pytest.param(0, "attribute_not_exists(version)", None, id="never-committed-by-us"),
        pytest.param(7, "version = :read", {":read": {"N": "7"}}, id="committed"),
    ],
)
def test_every_write_says_which_version_it_read(
    version: int, condition: str, values: dict[str, Any] | None
) -> None:
    stub = StubDynamoDB()

    stub.store().save([a_stack(version=version)])

    (call,) = stub.writes
    assert call["ConditionExpression"] == condition
    assert call.get("ExpressionAttributeValues") == values
    assert call["Item"]["version"] == {"N": str(version + 1)}
