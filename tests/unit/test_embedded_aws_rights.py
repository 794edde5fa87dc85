"""What calls are checked for where the embedded AWS enforces IAM."""

import json

import pytest

from cloudseam_cli.embedded_aws_rights import in_group, over_tls, single, statement_checks

TABLE = "arn:aws:dynamodb:us-east-1:1:table/Stacks"


@pytest.mark.parametrize(
    ("action", "checked"),
    [
        ("sqs:SendMessageBatch", "sqs:SendMessage"),
        ("sqs:ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
        ("sqs:SendMessage", "sqs:SendMessage"),
        ("dynamodb:BatchGetItem", "dynamodb:BatchGetItem"),
        (None, None),
    ],
)
def test_a_batch_of_messages_is_checked_as_its_messages_are(
    action: str | None, checked: str | None
) -> None:
    assert single(action) == checked


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:SecureTransport", "true"),
        ("aws:securetransport", "true"),
        ("aws:SourceAccount", "as it is"),
    ],
)
def test_a_request_counts_as_one_over_tls_and_is_else_what_it_is(key: str, value: str) -> None:
    assert over_tls(lambda key, request: request)(key, "as it is") == value


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ("INSERT INTO \"Stacks\" VALUE {'id': ?}", "dynamodb:PartiQLInsert"),
        ('UPDATE "Stacks" SET "a" = ? WHERE "id" = ?', "dynamodb:PartiQLUpdate"),
        ('delete from Stacks WHERE "id" = ?', "dynamodb:PartiQLDelete"),
        ('SELECT "id"\nFROM "Stacks"', "dynamodb:PartiQLSelect"),
    ],
)
def test_a_statement_is_checked_for_what_it_does_to_its_table(statement: str, action: str) -> None:
    batch = {"Statements": [{"Statement": statement}] * 2}

    assert list(statement_checks(batch, "us-east-1", "1")) == [(action, TABLE)] * 2
    assert list(statement_checks({"Statement": statement}, "us-east-1", "1")) == [(action, TABLE)]


def test_a_statement_that_is_not_known_is_not_let_through() -> None:
    with pytest.raises(ValueError, match="not known"):
        list(statement_checks({"Statement": "EXISTS(SELECT 1)"}, "us-east-1", "1"))


@pytest.mark.parametrize(
    ("body", "query", "group"),
    [
        (json.dumps({"GroupName": "timers"}), {}, "timers"),
        ("", {"groupName": ["timers"]}, "timers"),
        ("{}", {}, "default"),
    ],
    ids=["made", "read or deleted", "in no group"],
)
def test_a_schedule_is_in_the_group_that_the_request_names(
    body: str, query: dict[str, list[str]], group: str
) -> None:
    arn = "arn:aws:scheduler:us-east-1:1:schedule/default/s"

    assert (
        in_group(arn, body.encode(), query) == f"arn:aws:scheduler:us-east-1:1:schedule/{group}/s"
    )
