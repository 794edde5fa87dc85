"""The stand-in for AWS does what it says it did, and refuses what it does not know."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from bench.aws.refusal import RefusedError
from bench.aws.statement import Tables, execute
from bench.stand_in import StandIn
from cloudseam.errors import StackConflictError
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.queues import OutgoingMessage
from cloudseam.queues.sqs import SqsQueue
from tests.builders import a_stack


@pytest.fixture(scope="module")
def aws() -> Iterator[StandIn]:
    """One for all tests."""
    with StandIn() as stand_in:
        yield stand_in


def client(aws: StandIn, service: str) -> Any:
    """A client that talks to it."""
    return boto3.client(  # type: ignore[call-overload]  # the service is a variable
        service,
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


def item(stack: str, version: int, **more: str) -> dict[str, Any]:
    """A row as DynamoDB has it."""
    texts = {name: {"S": value} for name, value in more.items()}
    return {"id": {"S": stack}, "version": {"N": str(version)}, **texts}


def test_of_two_commits_of_one_version_the_second_is_refused(aws: StandIn) -> None:
    stacks = DynamoDBStackRepository(client(aws, "dynamodb"), "Stacks")
    stack = a_stack(id="twice", version=0)

    assert stacks.save([stack]) == {}
    assert isinstance(stacks.save([stack])["twice"], StackConflictError)
    assert stacks.load(["twice"]).stacks["twice"].version == 1
    assert stacks.save([stacks.load(["twice"]).stacks["twice"]]) == {}


def test_calls_and_messages_are_told_once(aws: StandIn) -> None:
    queue = SqsQueue(client(aws, "sqs"), f"{aws.url}/000000000000/tasks")
    aws.take()

    assert queue.send([OutgoingMessage(f"body-{n}") for n in range(3)]) == {}

    taken = aws.take()
    assert taken.calls == {"SendMessageBatch": 1}
    assert taken.messages == ("body-0", "body-1", "body-2")
    assert aws.take().calls == {}


def test_what_it_does_not_know_is_refused(aws: StandIn) -> None:
    dynamodb = client(aws, "dynamodb")

    with pytest.raises(ClientError, match="does not know the operation"):
        dynamodb.delete_item(TableName="Stacks", Key={"id": {"S": "s"}})
    with pytest.raises(ClientError, match="does not know the condition"):
        dynamodb.put_item(
            TableName="Stacks", Item=item("s", 1), ConditionExpression="attribute_exists(x)"
        )


INSERT = """INSERT INTO "T" VALUE {'id': ?, 'version': ?, 'note': ?}"""
UPDATE = """UPDATE "T" SET "version"=? SET note = ? REMOVE old WHERE id=? AND version=?"""


def table(*items: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A table of these rows."""
    return {each["id"]["S"]: dict(each) for each in items}


def test_a_statement_inserts_an_item_once() -> None:
    tables: Tables = {"T": {}}
    parameters = [{"S": "s"}, {"N": "1"}, {"S": "new"}]

    execute(tables, INSERT, parameters)

    assert tables["T"] == table(item("s", 1, note="new"))
    with pytest.raises(RefusedError) as refused:
        execute(tables, INSERT, parameters)
    assert refused.value.code == "DuplicateItem"


def test_a_statement_updates_an_item_that_is_as_it_was_read() -> None:
    tables: Tables = {"T": table(item("s", 1, old="o", other="kept"))}
    parameters = [{"N": "2"}, {"S": "new"}, {"S": "s"}, {"N": "1"}]

    execute(tables, UPDATE, parameters)

    assert tables["T"] == table(item("s", 2, note="new", other="kept"))
    with pytest.raises(RefusedError) as refused:
        execute(tables, UPDATE, parameters)
    assert refused.value.code == "ConditionalCheckFailed"


@pytest.mark.parametrize(
    ("condition", "holds"), [("note IS MISSING", True), ("version IS MISSING", False)]
)
def test_a_statement_looks_whether_an_attribute_is_missing(condition: str, holds: bool) -> None:
    tables: Tables = {"T": table(item("s", 1))}
    text = f'UPDATE "T" SET note=? WHERE id=? AND {condition}'

    try:
        execute(tables, text, [{"S": "new"}, {"S": "s"}])
    except RefusedError:
        assert not holds
    assert ("note" in tables["T"]["s"]) == holds


@pytest.mark.parametrize(
    "text",
    [
        'DELETE FROM "T" WHERE id=?',
        'UPDATE "T" SET note=? SET version=version+1 WHERE id=?',
        'UPDATE "T" SET note=? WHERE id=? OR version=?',
        """INSERT INTO "T" VALUE {'id': ?, 'note': 'fixed'}""",
    ],
)
def test_a_statement_that_it_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="does not know"):
        execute({"T": {}}, text, [{"S": "a"}, {"S": "b"}])
