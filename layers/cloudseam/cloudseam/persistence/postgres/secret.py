"""Credentials kept in Secrets Manager, as the original CloudSeam keeps them.

Importing this costs about 0.2 s of CPU: do so only where there is a secret to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import (
    GetParameterError,
    TransformParameterError,
)

from cloudseam.errors import InvalidSettingsError, ServiceUnavailableError
from cloudseam.persistence.postgres.credentials import Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# A connection is kept for hours, so the secret is read when it is lost: seldom, and not stale.
SECONDS_KEPT = 300


class PostgresSecret:
    """A secret that is JSON with `username`, `password`, `host`, and maybe `dbname` and `port`.

    See `cloudseam.persistence.postgres.credentials.CredentialSource`.
    """

    def __init__(self, name: str, client: SecretsManagerClient) -> None:
        self._name = name
        self._provider = SecretsProvider(boto3_client=client)

    def credentials(self, *, fresh: bool = False) -> Credentials:
        """See `CredentialSource.credentials`.

        Raises:
            ServiceUnavailableError: the secret cannot be read.
            InvalidSettingsError: it does not hold what is needed. Its values are never told.
        """
        try:
            secret = self._provider.get(
                self._name, max_age=SECONDS_KEPT, transform="json", force_fetch=fresh
            )
        except TransformParameterError:
            raise self._unusable("is not JSON") from None
        except GetParameterError as error:
            raise ServiceUnavailableError(
                f"The secret '{self._name}' (POSTGRES_CONNECTION_SECRET) cannot be read: {error}"
            ) from error
        return self._parsed(secret)

    def _parsed(self, secret: Any) -> Credentials:
        if not isinstance(secret, dict):
            raise self._unusable("is not a JSON object")
        for name in ("username", "password", "host"):
            if not isinstance(secret.get(name), str) or not secret[name]:
                raise self._unusable(f"has no text `{name}`")
        return Credentials(
            username=secret["username"],
            password=secret["password"],
            host=secret["host"],
            dbname=self._database(secret.get("dbname")),
            port=self._port(secret.get("port") or 5432),
        )

    def _database(self, told: Any) -> str | None:
        if told is not None and not isinstance(told, str):
            raise self._unusable("has a `dbname` that is not a text")
        return told or None

    def _port(self, told: Any) -> int:
        port = int(told) if isinstance(told, str) and told.isdecimal() else told
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
            raise self._unusable("has a `port` that is not a number from 1 to 65535")
        return port

    def _unusable(self, problem: str) -> InvalidSettingsError:
        return InvalidSettingsError(
            f"The secret '{self._name}' (POSTGRES_CONNECTION_SECRET) {problem}. It has to be JSON "
            "with username, password, host, dbname and port."
        )
