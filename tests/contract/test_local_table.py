"""The table on this computer is made once, by whichever client, and by whoever comes first."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from cloudseam.errors import ServiceUnavailableError
from cloudseam.persistence.dynamodb.local_table import create_table
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.aws_clients import SDKS
from tests.emulator import boto3_on, lean_on
from tests.scripted_service import fault, scripted_service


@pytest.mark.parametrize("client_on", [boto3_on, lean_on], ids=SDKS)
def test_a_table_that_is_there_is_left_as_it_is(
    emulator: EmbeddedAws, client_on: Callable[[EmbeddedAws, str], Any]
) -> None:
    client, table = client_on(emulator, "dynamodb"), f"Contract-{uuid4()}"
    create_table(client, table)
    client.put_item(TableName=table, Item={"id": {"S": "s"}})

    create_table(client, table)

    assert client.scan(TableName=table)["Count"] == 1


@pytest.mark.parametrize("name", SDKS)
def test_a_table_that_cannot_be_made_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = SDKS[name](monkeypatch)
    refusal = pytest.raises(ServiceUnavailableError, match="'Stacks' cannot be created: Access")

    with scripted_service(fault("AccessDeniedException")) as service, refusal:
        create_table(sdk.client("dynamodb", service.url), "Stacks")
    sdk.close()
