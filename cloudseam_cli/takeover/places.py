"""Finds the table that a command is to take over."""

from __future__ import annotations

import os

from cloudseam_cli.takeover.place import Place
from cloudseam_cli.target import Target
from cloudseam_cli.unreachable import reaching


def place_of(target: Target) -> Place:
    """The table there.

    Raises:
        InvalidSettingsError: a setting for PostgreSQL cannot be used.
        NoTargetError: there is no way to the store.
    """
    if not target.in_postgres:
        from cloudseam_cli.takeover.dynamodb_place import DynamoDBPlace

        return DynamoDBPlace(target.client("dynamodb"), target.table)
    from cloudseam.persistence.store import StoreSettings, postgres_connection
    from cloudseam_cli.takeover.postgres_place import PostgresPlace

    with reaching("The stacks were not read"):
        settings = StoreSettings.from_environment(os.environ)
        secret = settings.postgres_secret or ""
        return PostgresPlace(
            postgres_connection(settings, secret, on_connect=lambda connection: None),
            postgres_connection(settings, secret),
        )
