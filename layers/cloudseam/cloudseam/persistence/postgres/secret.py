"""Credentials kept in Secrets Manager, as the original CloudSeam keeps them.

Powertools' parameters would do the same, but take 0.2 s to import, and load boto3, so that the
whole process would call AWS by it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
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
        self._client = client
        self._kept: str | bytes = ""
        self._kept_until = 0.0

    def credentials(self, *, fresh: bool = False) -> Credentials:
        """See `CredentialSource.credentials`.

        Raises:
            ServiceUnavailableError: the secret cannot be read.
            InvalidSettingsError: it does not hold what is needed. Its values are never told.
        """
        try:
            secret = json.loads(self._text(fresh=fresh))
        except ValueError:
            raise self._unusable("is not JSON") from None
        return self._parsed(secret)

    def _text(self, *, fresh: bool) -> str | bytes:
        """The secret's value, from Secrets Manager or as it was a short time ago."""
        if fresh or time.monotonic() >= self._kept_until:
            try:
                answer: Any = self._client.get_secret_value(SecretId=self._name)
            except (ClientError, BotoCoreError) as error:
                raise ServiceUnavailableError(
                    f"The secret '{self._name}' (POSTGRES_CONNECTION_SECRET) cannot be read: "
                    f"{error_name(error)}."
                ) from error
            self._kept = answer.get("SecretString") or answer.get("SecretBinary") or ""
            self._kept_until = time.monotonic() + SECONDS_KEPT
        return self._kept

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
