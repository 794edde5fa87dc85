"""Versions of machines in a DynamoDB table, each a row of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.machine import Machine
from cloudseam.persistence.dynamodb.items import item_of, row_of, unavailable
from cloudseam.persistence.kept_version import load_version

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = f"{RESERVED_ID_PREFIX}machine#"


class DynamoDBMachineVersions:
    """See `cloudseam.persistence.MachineVersions`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`. The same version is the same row."""
        row = {"id": PREFIX + machine.digest, "name": machine.name, "source": machine.source}
        try:
            self._client.put_item(TableName=self._table, Item=item_of(row))
        except (ClientError, BotoCoreError) as error:
            raise unavailable("keep a machine's version", error) from error

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        try:
            answer = self._client.get_item(
                TableName=self._table, Key={"id": {"S": PREFIX + digest}}, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise unavailable("read a machine's version", error) from error
        if "Item" not in answer:
            return None
        return load_version(name, digest, row_of(answer["Item"])["source"])
