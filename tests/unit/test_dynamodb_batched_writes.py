"""Commits as one BatchExecuteStatement: what is sent, and every way for a part of it to fail."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from mypy_boto3_dynamodb import DynamoDBClient

from cloudseam.errors import (
    CloudSeamError,
    ServiceUnavailableError,
    StackConflictError,
    StackTooLargeError,
)
from cloudseam.persistence.dynamodb.batched_writes import PASSING, WRITE_ATTEMPTS
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.row import NAMES, UnwritableRowError, to_row
from cloudseam.stack import Stack
from tests.builders import CANARY, NOW, a_stack

Statement = Mapping[str, Any]
Codes = Callable[[int, str], str]  # number of the call, from 1, and stack id → code of its error


def nothing_fails(call: int, stack_id: str) -> str:
    return ""


class Table:
    """A table that keeps what it is sent, and refuses what the test says."""

    def __init__(self, codes: Codes = nothing_fails, fails: Exception | None = None) -> None:
        self.calls: list[Sequence[Statement]] = []
        self.puts: list[str] = []
        self.put_error: Exception | None = None
        self._codes, self._fails = codes, fails

    def batch_execute_statement(self, Statements: Sequence[Statement]) -> dict[str, Any]:
        self.calls.append(Statements)
        if self._fails:
            raise self._fails
        codes = [self._codes(len(self.calls), stack_id(each)) for each in Statements]
        refused = [{"Error": {"Code": code, "Message": CANARY}} if code else {} for code in codes]
        return {"Responses": refused}

    def put_item(self, **call: Any) -> dict[str, Any]:
        self.puts.append(call["Item"]["id"]["S"])
        if self.put_error:
            raise self.put_error
        return {}

    def store(self) -> DynamoDBStackRepository:
        return DynamoDBStackRepository(cast(DynamoDBClient, self), 'The "Stacks"')

    def save(self, names: Sequence[str], **fields: Any) -> Mapping[str, CloudSeamError]:
        return self.store().save([a_stack(id=name, **fields) for name in names])


def stack_id(statement: Statement) -> str:
    values = statement["Parameters"]
    where = 0 if statement["Statement"].startswith("INSERT") else -2
    return str(values[where]["S"])


def failing(name: str, code: str, calls: int = 1000) -> Codes:
    return lambda call, stack_id: code if stack_id == name and call <= calls else ""


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the store would have waited between its attempts."""
    waited: list[float] = []
    monkeypatch.setattr("cloudseam.persistence.dynamodb.batched_writes.time.sleep", waited.append)
    return waited


# ---- what is sent


def test_a_batch_is_one_call_and_one_commit_alone_a_plain_write() -> None:
    batch, alone = Table(), Table()

    assert batch.save("abc") == {}
    assert alone.save("a") == {}

    assert ([len(call) for call in batch.calls], batch.puts) == ([3], [])
    assert (alone.calls, alone.puts) == ([], ["a"])


def test_a_statement_sets_the_whole_row_if_its_version_is_the_one_that_was_read() -> None:
    table = Table()
    stack = a_stack(id="a", version=7, metadata={"k": CANARY})

    table.store().save([stack, a_stack(id="b")])

    sent, row = table.calls[0][0], to_row(stack)
    names = [name for name in row if name != "id"]
    sets = " ".join(f'SET "{name}" = ?' for name in names)
    removes = " ".join(f'REMOVE "{name}"' for name in NAMES if name not in row)
    where = 'WHERE "id" = ? AND "version" = ?'
    assert sent["Statement"] == f'UPDATE "The ""Stacks""" {sets} {removes} {where}'
    assert sent["Parameters"][-2:] == [{"S": "a"}, {"N": "7"}]
    assert sent["Parameters"][names.index("version")] == {"N": "8"}
    assert CANARY not in sent["Statement"]


def test_a_stack_that_was_never_stored_is_inserted() -> None:
    table = Table()

    table.save("ab", version=0)

    assert [sent["Statement"].split("{")[0] for sent in table.calls[0]] == [
        'INSERT INTO "The ""Stacks""" VALUE '
    ] * 2


def full_rows() -> list[Stack]:
    whole = a_stack(
        previous_state="INIT",
        tasks={"net": "PENDING"},
        metadata={"k": 1},
        outputs={"net": {"url": "u"}},
        old_applied=1,
        old_applied_at=NOW,
    )
    return [whole, whole.removed(NOW)]


@pytest.mark.parametrize("stack", full_rows(), ids=["living", "removed"])
def test_every_attribute_of_a_row_is_one_that_a_later_row_removes(stack: Stack) -> None:
    assert set(to_row(stack)) <= {"id", *NAMES}


@pytest.mark.parametrize(
    ("stacks", "metadata_bytes", "calls"),
    [
        pytest.param(25, 0, [25], id="as-many-as-a-call-takes"),
        pytest.param(60, 0, [10, 25, 25], id="more"),
        pytest.param(25, 300_000, [12, 13], id="more-bytes-than-a-call-takes"),
    ],
)
def test_a_call_keeps_the_limits(stacks: int, metadata_bytes: int, calls: list[int]) -> None:
    table = Table()

    table.save([f"s{number}" for number in range(stacks)], metadata={"k": "x" * metadata_bytes})

    assert sorted(len(call) for call in table.calls) == calls
    assert len({stack_id(sent) for call in table.calls for sent in call}) == stacks


def test_a_stack_that_cannot_be_written_is_not_sent_with_the_others() -> None:
    table = Table()

    failures = table.store().save(
        [a_stack(id="a"), a_stack(id="b", metadata={"k": 10**40}), a_stack(id="c")]
    )

    assert {name: type(failure) for name, failure in failures.items()} == {"b": UnwritableRowError}
    assert [stack_id(sent) for sent in table.calls[0]] == ["a", "c"]


# ---- a part of it fails


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ConditionalCheckFailed", StackConflictError),
        ("TransactionConflict", StackConflictError),
        ("ValidationError", StackTooLargeError),
        ("ItemCollectionSizeLimitExceeded", ServiceUnavailableError),
        ("ResourceNotFound", ServiceUnavailableError),
    ],
)
def test_a_statement_that_is_refused_fails_its_stack_only(
    code: str, expected: type[CloudSeamError]
) -> None:
    table = Table(failing("b", code))

    failures = table.save("abc")

    assert {name: type(failure) for name, failure in failures.items()} == {"b": expected}
    assert CANARY not in str(failures["b"])
    assert len(table.calls) == 1


@pytest.mark.parametrize("code", sorted(PASSING))
def test_a_statement_that_was_throttled_is_tried_again_and_no_other(
    code: str, waits: list[float]
) -> None:
    table = Table(failing("b", code, calls=2))

    assert table.save("abc") == {}

    sent = [[stack_id(each) for each in call] for call in table.calls]
    assert sent == [["a", "b", "c"], ["b"], ["b"]]
    assert len(waits) == 2


@pytest.mark.parametrize("code", sorted(PASSING))
def test_a_statement_that_stays_throttled_fails_its_stack_only(
    code: str, waits: list[float]
) -> None:
    table = Table(failing("b", code))

    failures = table.save("abc")

    assert {name: type(failure) for name, failure in failures.items()} == {
        "b": ServiceUnavailableError
    }
    assert code in str(failures["b"])
    assert (len(table.calls), len(waits)) == (WRITE_ATTEMPTS, WRITE_ATTEMPTS - 1)
    assert sum(waits) < 2


def conflict() -> ClientError:
    return ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")


@pytest.mark.parametrize(
    ("put_error", "failed"),
    [
        pytest.param(None, {}, id="of-the-original"),
        pytest.param(conflict(), {"b": StackConflictError}, id="of-another-writer"),
    ],
)
def test_of_a_row_that_is_there_already_a_plain_write_finds_out_whose_it_is(
    put_error: Exception | None, failed: dict[str, type[CloudSeamError]]
) -> None:
    table = Table(failing("b", "DuplicateItem"))
    table.put_error = put_error

    failures = table.save("abc", version=0)

    assert {name: type(failure) for name, failure in failures.items()} == failed
    assert table.puts == ["b"]


# ---- the whole call fails


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "BatchExecuteStatement")


@pytest.mark.parametrize(
    "error",
    [
        refused("AccessDeniedException"),
        refused("UnknownOperationException"),
        TypeError("what moto raises"),
    ],
    ids=str,
)
def test_where_batches_are_refused_stacks_are_written_one_by_one_from_then_on(
    error: Exception,
) -> None:
    table = Table(fails=error)
    store = table.store()

    assert store.save([a_stack(id=name) for name in "ab"]) == {}
    assert store.save([a_stack(id=name) for name in "cd"]) == {}

    assert len(table.calls) == 1
    assert sorted(table.puts) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ValidationException", "500"])
def test_after_any_other_failure_the_next_batch_is_one_call_again(code: str) -> None:
    table = Table(fails=refused(code))
    store = table.store()

    assert store.save([a_stack(id=name) for name in "ab"]) == {}
    assert store.save([a_stack(id=name) for name in "cd"]) == {}

    assert len(table.calls) == 2
    assert sorted(table.puts) == ["a", "b", "c", "d"]


def test_a_role_that_may_not_run_statements_has_its_stacks_written_one_by_one() -> None:
    table = Table(lambda call, stack_id: "AccessDenied")
    store = table.store()

    assert store.save([a_stack(id=name) for name in "ab"]) == {}
    assert store.save([a_stack(id=name) for name in "cd"]) == {}

    assert len(table.calls) == 1
    assert sorted(table.puts) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "error",
    [
        refused("ThrottlingException"),
        refused("ProvisionedThroughputExceededException"),
        refused("RequestLimitExceeded"),
        refused("InternalServerError"),
        refused("ServiceUnavailable"),
        ConnectTimeoutError(endpoint_url="x"),
    ],
    ids=lambda error: str(error)[:80],
)
def test_an_outage_is_not_made_worse_by_single_calls(error: Exception) -> None:
    table = Table(fails=error)

    failures = table.save("ab")

    assert {type(failure) for failure in failures.values()} == {ServiceUnavailableError}
    assert table.puts == []


def test_one_call_that_fails_costs_the_others_nothing() -> None:
    class Half(Table):
        def batch_execute_statement(self, Statements: Sequence[Statement]) -> dict[str, Any]:
            if stack_id(Statements[0]) == "s0":
                raise refused("ThrottlingException")
            return super().batch_execute_statement(Statements)

    failures = Half().save([f"s{number}" for number in range(50)])

    assert set(failures) == {f"s{number}" for number in range(25)}
