"""The table of stacks on a DynamoDB that runs on this computer, where nothing deploys one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ALREADY_THERE = "ResourceInUseException"


def create_table(client: DynamoDBClient, table: str) -> None:
    """Creates the table, unless it is there.

    Raises:
        ServiceUnavailableError: DynamoDB did not answer.
    """
    try:
        client.create_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except (ClientError, BotoCoreError) as error:
        if error_name(error) == ALREADY_THERE:
            return
        raise ServiceUnavailableError(
            f"The table '{table}' cannot be created: {error_name(error)}. "
            "Check that DynamoDB runs, and AWS_ENDPOINT_URL_DYNAMODB."
        ) from error
