"""Claims and versions of machines in DynamoDB: races, what a call costs, every way to fail."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from mypy_boto3_dynamodb import DynamoDBClient

from cloudseam.aws_error import error_name
from cloudseam.claim import Claim
from cloudseam.errors import ServiceUnavailableError
from cloudseam.persistence import TOMBSTONE_SECONDS, ClaimTakenError
from cloudseam.persistence.dynamodb.batch_read import READ_ATTEMPTS
from cloudseam.persistence.dynamodb.claims import DynamoDBClaimRepository
from cloudseam.persistence.dynamodb.versions import DynamoDBMachineVersions
from tests.builders import CANARY, NOW, a_machine
from tests.emulated import EmulatedAws, emulated_aws

LEASE = 60_000
LATER = NOW + LEASE
GONE = Claim("token", "gone", NOW, LATER, place="gone@host")
MINE = Claim("token", "me", LATER, LATER + LEASE, place="me@host")
RIVAL = replace(MINE, owner="rival", place="rival@host")


class Interrupted:
    """A client whose calls are counted, and before each of which others may act."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.calls: Counter[str] = Counter()
        self.before: dict[tuple[str, int], Callable[[], object]] = {}
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.calls[name] += 1
            number = self.calls[name]
            self.before.get((name, number), lambda: None)()
            return getattr(self._client, name)(**arguments)

        return call


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def table(aws: EmulatedAws) -> str:
    return aws.table()


@pytest.fixture
def others(aws: EmulatedAws, table: str) -> DynamoDBClaimRepository:
    """The claims as another container sees them."""
    return DynamoDBClaimRepository(aws.dynamodb, table)


@pytest.fixture
def client(aws: EmulatedAws) -> Interrupted:
    return Interrupted(aws.dynamodb)


@pytest.fixture
def claims(client: Interrupted, table: str) -> DynamoDBClaimRepository:
    return DynamoDBClaimRepository(cast(DynamoDBClient, client), table)


# ---- what a call costs


def test_a_claim_costs_one_write_and_two_where_one_had_run_out(
    client: Interrupted, claims: DynamoDBClaimRepository
) -> None:
    claims.take(GONE, NOW)
    assert client.calls == {"put_item": 1}
    claims.take(MINE, LATER)
    assert client.calls == {"put_item": 3}
    with pytest.raises(ClaimTakenError):
        claims.take(RIVAL, LATER)
    assert client.calls == {"put_item": 4}
    claims.renew(MINE)
    assert client.calls == {"put_item": 5}
    claims.release(MINE)
    assert client.calls == {"put_item": 5, "delete_item": 1}


def test_a_claims_row_is_reserved_and_goes_away_by_itself(
    aws: EmulatedAws, table: str, claims: DynamoDBClaimRepository
) -> None:
    claims.take(GONE, NOW)

    [(row_id, item)] = aws.items(table).items()

    assert row_id == "cloudseam#claim#token"
    assert item["ttl"] == {"N": str(LATER // 1000 + TOMBSTONE_SECONDS)}


# ---- races


def test_of_two_who_see_that_a_claim_has_run_out_one_takes_it(
    client: Interrupted, claims: DynamoDBClaimRepository, others: DynamoDBClaimRepository
) -> None:
    others.take(GONE, NOW)
    client.before["put_item", 2] = lambda: others.take(RIVAL, LATER)

    with pytest.raises(ClaimTakenError) as refusal:
        claims.take(MINE, LATER)

    assert refusal.value.holder == RIVAL.after(GONE)
    assert others.find(["token"]) == {"token": RIVAL.after(GONE)}


def test_a_claim_that_is_renewed_after_it_ran_out_is_not_taken(
    client: Interrupted, claims: DynamoDBClaimRepository, others: DynamoDBClaimRepository
) -> None:
    renewed = replace(GONE, until=LATER + LEASE)
    others.take(GONE, NOW)
    client.before["put_item", 2] = lambda: others.renew(renewed)

    with pytest.raises(ClaimTakenError) as refusal:
        claims.take(MINE, LATER)

    assert refusal.value.holder == renewed


def test_an_attempt_whose_end_is_noted_as_its_claim_runs_out_is_not_taken(
    client: Interrupted, claims: DynamoDBClaimRepository, others: DynamoDBClaimRepository
) -> None:
    ended = replace(GONE, done=True, answer="{}")
    others.take(GONE, NOW)
    client.before["put_item", 2] = lambda: others.renew(ended)

    with pytest.raises(ClaimTakenError) as refusal:
        claims.take(MINE, LATER)

    assert refusal.value.holder == ended
    assert others.find(["token"]) == {"token": ended}


def test_a_claim_that_is_given_back_as_it_is_taken_over_is_taken(
    client: Interrupted, claims: DynamoDBClaimRepository, others: DynamoDBClaimRepository
) -> None:
    others.take(GONE, NOW)
    client.before["put_item", 2] = lambda: others.release(GONE)

    assert claims.take(MINE, LATER) is None

    assert others.find(["token"]) == {"token": MINE}


def test_a_claim_that_comes_and_goes_without_end_is_given_up(
    client: Interrupted, claims: DynamoDBClaimRepository, others: DynamoDBClaimRepository
) -> None:
    others.take(GONE, NOW)
    for number in range(2, 100):
        act = (lambda: others.release(GONE)) if number % 2 == 0 else (lambda: others.take(GONE, 0))
        client.before["put_item", number] = act

    with pytest.raises(ServiceUnavailableError, match="too often"):
        claims.take(MINE, LATER)

    assert client.calls["put_item"] < 10


@pytest.mark.parametrize("former", [None, GONE], ids=["free", "had-run-out"])
def test_a_write_that_boto3_repeats_since_its_answer_was_lost_has_taken_the_claim(
    client: Interrupted,
    claims: DynamoDBClaimRepository,
    others: DynamoDBClaimRepository,
    former: Claim | None,
) -> None:
    if former:
        others.take(former, NOW)
    wanted = MINE.after(former)
    first = 2 if former else 1
    client.before["put_item", first] = lambda: others.take(wanted if not former else MINE, LATER)

    assert claims.take(MINE, LATER) == former

    assert others.find(["token"]) == {"token": wanted}


# ---- find


class Stub:
    """DynamoDB that answers every call in the same way."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answer = answer

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**arguments: Any) -> dict[str, Any]:
            self.calls.append(arguments)
            return self._answer(arguments)

        return call

    @property
    def claims(self) -> DynamoDBClaimRepository:
        return DynamoDBClaimRepository(cast(DynamoDBClient, self), "Stacks")

    @property
    def versions(self) -> DynamoDBMachineVersions:
        return DynamoDBMachineVersions(cast(DynamoDBClient, self), "Stacks")


def failing(error: Exception) -> Stub:
    def answer(call: dict[str, Any]) -> dict[str, Any]:
        raise error

    return Stub(answer)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the store would have waited between its attempts."""
    waited: list[float] = []
    monkeypatch.setattr("cloudseam.persistence.dynamodb.batch_read.time.sleep", waited.append)
    return waited


def test_claims_left_unprocessed_are_asked_for_again_but_not_without_end(
    waits: list[float],
) -> None:
    stub = Stub(lambda call: {"Responses": {}, "UnprocessedKeys": call["RequestItems"]})

    with pytest.raises(ServiceUnavailableError, match="keys left unprocessed"):
        stub.claims.find(["token"])

    assert (len(stub.calls), len(waits)) == (READ_ATTEMPTS, READ_ATTEMPTS - 1)
    assert sum(waits) < 2


# ---- every way to fail


ERRORS = [
    *(
        ClientError({"Error": {"Code": code, "Message": CANARY}}, "PutItem")
        for code in (
            "ProvisionedThroughputExceededException",
            "ThrottlingException",
            "InternalServerError",
            "AccessDeniedException",
            "ValidationException",
            "ResourceNotFoundException",
            "TransactionConflictException",
        )
    ),
    ReadTimeoutError(endpoint_url=CANARY),
]
USES: dict[str, Callable[[Stub], object]] = {
    "take": lambda stub: stub.claims.take(replace(MINE, answer=CANARY), NOW),
    "renew": lambda stub: stub.claims.renew(replace(MINE, answer=CANARY)),
    "release": lambda stub: stub.claims.release(MINE),
    "find": lambda stub: stub.claims.find(["token"]),
    "keep": lambda stub: stub.versions.keep(a_machine()),
    "get": lambda stub: stub.versions.get("life", "digest-1"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize(
    "error",
    ERRORS,
    ids=error_name,
)
def test_whatever_fails_is_an_outage_with_its_cause_and_shows_no_value(
    error: Exception, use: Callable[[Stub], object]
) -> None:
    with pytest.raises(ServiceUnavailableError) as failure:
        use(failing(error))

    assert failure.value.__cause__ is error
    assert CANARY not in str(failure.value)


def test_a_version_costs_one_write_to_keep_and_one_read_to_get() -> None:
    stub = Stub(lambda call: {})

    stub.versions.keep(a_machine())
    stub.versions.get("life", "digest-1")

    assert [sorted(call) for call in stub.calls] == [
        ["Item", "TableName"],
        ["ConsistentRead", "Key", "TableName"],
    ]
