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
    ForeignWriteError,
    ServiceUnavailableError,
    StackConflictError,
    StackTooLargeError,
)
from cloudseam.history import Entry
from cloudseam.persistence.adoption import MARKER_ID
from cloudseam.persistence.dynamodb.batch_read import READ_ATTEMPTS
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.row import UnreadableRowError, UnwritableRowError, to_row
from cloudseam.stack import Stack
from tests.builders import CANARY, NOW, a_stack

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
        self,
        read: Answer = everything,
        write: Answer = lambda call: {},
        scan: Answer = dict,
        transact: Answer = lambda call: {},
    ) -> None:
        self.reads: list[Call] = []
        self.writes: list[Call] = []
        self.transactions: list[Call] = []
        self._read, self._write, self._scan, self._transact = read, write, scan, transact

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        self.reads.append(call)
        return self._read(call)

    def put_item(self, **call: Any) -> dict[str, Any]:
        self.writes.append(call)
        return self._write(call)

    def scan(self, **call: Any) -> dict[str, Any]:
        return self._scan(call)

    def transact_write_items(self, **call: Any) -> dict[str, Any]:
        self.transactions.append(call)
        return self._transact(call)

    def store(self, *, full_history: bool = False) -> DynamoDBStackRepository:
        client = cast(DynamoDBClient, self)
        return DynamoDBStackRepository(client, "Stacks", full_history=full_history, batched=False)


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

    # Side by side, and so in any order.
    assert sorted(len(keys(call)) for call in stub.reads) == [50, 100, 100]
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
        (refused("TransactionConflictException"), StackConflictError),
        (refused("ValidationException"), StackTooLargeError),
    ],
    ids=[*OUTAGE_IDS, "ConditionalCheckFailed", "TransactionConflict", "ValidationException"],
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


# ---- the full history


def with_history(stack_id: str = "s", **fields: Any) -> Stack:
    return a_stack(id=stack_id, **fields).with_entry(Entry(NOW, "PING", "RUN"))


def test_a_commit_and_its_history_are_one_transaction() -> None:
    stub = StubDynamoDB()

    assert stub.store(full_history=True).save([with_history("a#b", version=7)]) == {}

    [transaction] = stub.transactions
    stack, history = (part["Put"] for part in transaction["TransactItems"])
    assert stack["Item"]["id"] == {"S": "a#b"}
    assert stack["ConditionExpression"] == "version = :read"
    assert stack["ExpressionAttributeValues"] == {":read": {"N": "7"}}
    assert history["Item"] == {
        "id": {"S": "cloudseam#history#a#b#000000000008"},
        "entries": {"S": f'[[{NOW},"PING","RUN"]]'},
    }
    assert stub.writes == []


@pytest.mark.parametrize(
    ("full_history", "stack"),
    [
        pytest.param(False, with_history(), id="only-the-recent-history-is-kept"),
        pytest.param(True, a_stack(), id="nothing-new"),
        pytest.param(True, a_stack(history=(Entry(NOW, "PING", "RUN"),)), id="stored-before"),
    ],
)
def test_a_commit_without_history_to_keep_is_one_plain_write(
    full_history: bool, stack: Stack
) -> None:
    stub = StubDynamoDB()

    stub.store(full_history=full_history).save([stack])

    assert (len(stub.writes), stub.transactions) == (1, [])


def cancelled(*reasons: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": CANARY},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "TransactWriteItems")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((error, ServiceUnavailableError) for error in OUTAGES),
        (cancelled("ConditionalCheckFailed", "None"), StackConflictError),
        (cancelled("TransactionConflict", "None"), StackConflictError),
        (cancelled("None", "TransactionConflict"), StackConflictError),
        (cancelled("ValidationError", "None"), StackTooLargeError),
        (refused("ValidationException"), StackTooLargeError),
        (cancelled("ThrottlingError", "None"), ServiceUnavailableError),
        (cancelled("ProvisionedThroughputExceeded", "None"), ServiceUnavailableError),
        (cancelled(), ServiceUnavailableError),
        (refused("TransactionInProgressException"), ServiceUnavailableError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_a_transaction_that_fails_fails_its_stack_only_and_shows_no_value(
    error: Exception, expected: type[CloudSeamError]
) -> None:
    def one_fails(call: Call) -> dict[str, Any]:
        if call["TransactItems"][0]["Put"]["Item"]["id"]["S"] == "b":
            raise error
        return {}

    stub = StubDynamoDB(transact=one_fails)
    failures = stub.store(full_history=True).save([with_history(name) for name in "abc"])

    assert {name: type(failure) for name, failure in failures.items()} == {"b": expected}
    assert CANARY not in str(failures["b"])


def history_of(*versions: int) -> Answer:
    def answer(call: Call) -> dict[str, Any]:
        ids = [f"cloudseam#history#s#{version:012}" for version in versions]
        texts = {row_id: f'[[{NOW},"E{row_id[-1]}","RUN"]]' for row_id in ids}
        items = [
            {"id": {"S": key}, "entries": {"S": texts[key]}} for key in keys(call) if key in texts
        ]
        return {"Responses": {"Stacks": items[::-1]}, "UnprocessedKeys": {}}

    return answer


def test_history_is_read_by_its_ids_a_hundred_commits_a_call() -> None:
    stub = StubDynamoDB(history_of(1, 2, 4))

    found = stub.store().history("s", 250, 1000)

    assert [len(keys(call)) for call in stub.reads] == [100, 100, 50]
    assert [(entry.event, entry.version) for entry in found] == [("E4", 4), ("E2", 2), ("E1", 1)]


@pytest.mark.parametrize("error", OUTAGES, ids=OUTAGE_IDS)
def test_history_that_cannot_be_read_is_an_outage(error: Exception) -> None:
    with pytest.raises(ServiceUnavailableError):
        StubDynamoDB(failing(error)).store().history("s", 3, 3)


@pytest.mark.parametrize(
    "entries", [None, {"S": "{"}, {"S": "[1]"}, {"N": "1"}, {"S": "{}0"}], ids=str
)
def test_what_is_no_history_is_said_to_be_unreadable(entries: Any) -> None:
    row = {"id": {"S": "cloudseam#history#s#000000000003"}}
    damaged = row | ({"entries": entries} if entries else {})
    stub = StubDynamoDB(lambda call: {"Responses": {"Stacks": [damaged]}})

    with pytest.raises(UnreadableRowError, match="stack 's' at version 3"):
        stub.store().history("s", 3, 3)


# ---- an installation that was taken over from the original


def of_the_original(*, is_adopted: bool) -> Answer:
    """Rows without a version, and the row that says whether they should have one."""

    def answer(call: Call) -> dict[str, Any]:
        asked = keys(call)
        marker = [{"id": {"S": MARKER_ID}}] if is_adopted and MARKER_ID in asked else []
        rows = [item(key) for key in asked if key != MARKER_ID]
        for row in rows:
            del row["version"]
        return {"Responses": {"Stacks": [*rows, *marker]}, "UnprocessedKeys": {}}

    return answer


def test_who_has_the_table_is_asked_only_where_a_row_has_no_version() -> None:
    stub = StubDynamoDB()

    stub.store().load(["a", "b"])

    assert [keys(call) for call in stub.reads] == [["a", "b"]]


def test_a_row_without_a_version_is_the_originals_until_its_table_is_taken_over() -> None:
    stub = StubDynamoDB(read=of_the_original(is_adopted=False))
    store = stub.store()

    loaded = [store.load(["a"]), store.load(["b"])]

    assert [list(each.stacks) for each in loaded] == [["a"], ["b"]]
    assert [keys(call) for call in stub.reads] == [["a"], [MARKER_ID], ["b"], [MARKER_ID]]


def test_from_then_on_it_is_refused_and_nobody_asks_again() -> None:
    stub = StubDynamoDB(read=of_the_original(is_adopted=True))
    store = stub.store()

    loaded = [store.load(["a"]), store.load(["b"])]

    assert [each.stacks for each in loaded] == [{}, {}]
    assert isinstance(loaded[1].failures["b"], ForeignWriteError)
    assert [keys(call) for call in stub.reads] == [["a"], [MARKER_ID], ["b"]]


def test_a_row_without_a_version_waits_while_nobody_can_tell() -> None:
    def answer(call: Call) -> dict[str, Any]:
        if keys(call) == [MARKER_ID]:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "BatchGetItem")
        return of_the_original(is_adopted=True)(call)

    loaded = StubDynamoDB(read=answer).store().load(["a"])

    assert loaded.stacks == {}
    assert isinstance(loaded.failures["a"], ServiceUnavailableError)
