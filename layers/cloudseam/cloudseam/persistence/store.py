"""The store that the settings of a function name: PostgreSQL, or a DynamoDB table."""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from cloudseam.aws import is_local, make_client, names_endpoint
from cloudseam.chaos import chaos_of
from cloudseam.persistence import ClaimRepository, MachineVersions, StackRepository
from cloudseam.settings import Settings

if TYPE_CHECKING:
    from cloudseam.persistence.postgres.connection import PostgresConnection


class StoreSettings(Settings):
    """Where stacks are kept; see docs/configuration.md."""

    dynamodb_table: str | None = Field(
        default="Stacks", alias="DYNAMODB_TABLE", description="The table that stacks are kept in."
    )
    dynamodb_claims_table: str | None = Field(
        default=None,
        alias="DYNAMODB_CLAIMS_TABLE",
        description="The table that claims of tasks are kept in. Without it they are in the table "
        "of the stacks, where every sweep reads past them. The same for both functions.",
    )
    postgres_secret: str | None = Field(
        default=None,
        alias="POSTGRES_CONNECTION_SECRET",
        description="The name or ARN of a secret with the connection to PostgreSQL. If it is set, "
        "stacks are kept there and not in DynamoDB; see [postgresql.md](postgresql.md).",
    )
    postgres_tls: Literal["verify", "off"] | None = Field(
        default=None,
        alias="POSTGRES_TLS",
        description="`verify` encrypts connections to this machine too, which are plain without "
        "it; `off` leaves one to a container plain. All others are encrypted and verified.",
    )
    postgres_ca_file: str | None = Field(
        default=None,
        alias="POSTGRES_CA_FILE",
        description="A PEM file of the authorities to trust for PostgreSQL. Without it those of "
        "the system, and for RDS those of RDS.",
    )


@dataclass(frozen=True, slots=True)
class Store:
    """All that is kept in one place."""

    stacks: StackRepository
    claims: ClaimRepository
    versions: MachineVersions


def open_store(
    settings: StoreSettings, *, full_history: bool = False, batched: bool = True
) -> Store:
    """PostgreSQL where there is a secret for it, DynamoDB otherwise.

    With `full_history` every commit's history is kept; any store reads what was kept. `batched`
    lets DynamoDB take the commits of a batch in one call.
    """
    if settings.postgres_secret:
        return _postgres(settings, settings.postgres_secret, full_history)
    from cloudseam.persistence.dynamodb.claims import DynamoDBClaimRepository
    from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
    from cloudseam.persistence.dynamodb.versions import DynamoDBMachineVersions

    client, table = make_client("dynamodb"), settings.dynamodb_table or "Stacks"
    return Store(
        DynamoDBStackRepository(client, table, full_history=full_history, batched=batched),
        DynamoDBClaimRepository(client, settings.dynamodb_claims_table or table),
        DynamoDBMachineVersions(client, table),
    )


def _postgres(settings: StoreSettings, secret: str, full_history: bool) -> Store:
    # pg8000 takes 0.1 s to import: DynamoDB's users do not wait for it.
    from cloudseam.persistence.postgres.claims import PostgresClaimRepository
    from cloudseam.persistence.postgres.stacks import PostgresStackRepository
    from cloudseam.persistence.postgres.versions import PostgresMachineVersions

    connection = postgres_connection(settings, secret)
    return Store(
        PostgresStackRepository(connection, full_history=full_history),
        PostgresClaimRepository(connection),
        PostgresMachineVersions(connection),
    )


def postgres_connection(
    settings: StoreSettings, secret: str, **options: Any
) -> "PostgresConnection":
    """The connection that the settings name; `options` are `PostgresConnection`'s own."""
    from cloudseam.persistence.postgres.connection import PostgresConnection
    from cloudseam.persistence.postgres.credentials import LOCAL_DATABASE
    from cloudseam.persistence.postgres.secret import PostgresSecret
    from cloudseam.persistence.postgres.trouble import trouble

    chaos = chaos_of(os.environ)
    options = {"around": trouble(chaos) if chaos else nullcontext, **options}
    if is_local(os.environ) and not names_endpoint("secrets_manager", os.environ):
        return PostgresConnection(LOCAL_DATABASE, tls=settings.postgres_tls or "off", **options)
    source = PostgresSecret(secret, make_client("secretsmanager"))
    return PostgresConnection(
        source, tls=settings.postgres_tls, ca_file=settings.postgres_ca_file, **options
    )
