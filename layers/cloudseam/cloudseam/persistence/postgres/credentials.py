"""How to reach a PostgreSQL server, and as whom."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Credentials:
    """`host` is a name, an address, or the folder of a local socket (it starts with `/`).

    Without `dbname` it is the database named like the user, as everywhere with PostgreSQL.
    """

    username: str
    password: str = field(repr=False)
    host: str
    dbname: str | None = None
    port: int = 5432


class CredentialSource(Protocol):
    """Where credentials come from."""

    def credentials(self, *, fresh: bool = False) -> Credentials:
        """The credentials. `fresh`: not the ones told before, which the server refused."""


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """Credentials that never change."""

    known: Credentials

    def credentials(self, *, fresh: bool = False) -> Credentials:
        """See `CredentialSource.credentials`."""
        return self.known


# The database of compose.yaml, as the original CloudSeam has it.
LOCAL_DATABASE = FixedCredentials(Credentials("cloudseam", "cloudseam", "db", "cloudseam"))
