"""What PostgreSQL answers instead of a result, and what it means for a stack: one table.

Only SQLSTATEs are kept. PostgreSQL's own texts quote values ("Failing row contains …").
"""

from cloudseam.errors import CloudSeamError, ServiceUnavailableError
from cloudseam.persistence.row import UnwritableRowError


class PostgresError(Exception):
    """PostgreSQL refused a statement; nothing of it was carried out."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"SQLSTATE {sqlstate}")
        self.sqlstate = sqlstate


class ConnectionLostError(Exception):
    """The connection ended. `sent`: under a statement, which may have been carried out."""

    def __init__(self, problem: str, *, sent: bool = False) -> None:
        super().__init__(problem)
        self.sent = sent


# The user or the password is not, or no longer, the right one.
WRONG_CREDENTIALS = frozenset({"28000", "28P01"})

# Transactions stood in each other's way, and this one gave in: it can be run again at once.
GAVE_WAY = frozenset({"40001", "40P01"})

# The session is no longer of use, another one may be: what it had prepared is gone, a column has
# changed, the table was replaced, the server has become a replica or is closing down.
STALE_SESSION = frozenset({"0A000", "25006", "26000", "42703", "42P01", "57P01", "57P02", "57P03"})

# Classes of SQLSTATE that are about the values of a row: they must not cost the other rows.
ABOUT_A_VALUE = frozenset({"22", "23", "54"})

# By SQLSTATE or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html):
# what it means, and what to do where there is something to do.
MEANINGS = {
    "08": "the connection failed",
    "22": "it cannot keep a value",
    "22001": "a text is longer than its column takes (an id: 255 characters)",
    "22021": "a text holds characters that its encoding does not have; use a UTF8 database",
    "22P05": "a text holds characters that its encoding does not have; use a UTF8 database",
    "23": "a constraint on the table forbids it; the table's own are in docs/postgresql.md",
    "25006": "the server only reads; name the writer's endpoint in the secret",
    "28": "it does not let the user in; check the user and the password in the secret",
    "3D000": "there is no such database; check `dbname` in the secret",
    "40": "other transactions were in the way",
    "42": "the table is not as the migrations leave it; see docs/postgresql.md",
    "42501": "the user lacks a right; docs/postgresql.md lists those it needs",
    "53": "it has run out of disk, memory or connections",
    "53300": "it has no connection left; raise max_connections or use a proxy",
    "54": "the row is larger than it takes",
    "55P03": "a lock was not to be had in time",
    "57": "it is starting or closing down",
    "57014": "the statement took longer than it may",
}


def meaning(sqlstate: str) -> str:
    """What an SQLSTATE means, in words, with the SQLSTATE."""
    words = MEANINGS.get(sqlstate) or MEANINGS.get(sqlstate[:2])
    return f"{words} (SQLSTATE {sqlstate})" if words else f"SQLSTATE {sqlstate}"


def refused_row(stack_id: str, error: PostgresError) -> CloudSeamError:
    """The error of a stack whose row PostgreSQL refused."""
    if error.sqlstate[:2] not in {"22", "54"}:
        return unavailable("write the stacks", error)
    refused = UnwritableRowError(
        f"PostgreSQL refused the row of stack '{stack_id}': {meaning(error.sqlstate)}.",
        stack_id=stack_id,
    )
    refused.__cause__ = error
    return refused


def unavailable(what: str, error: Exception) -> ServiceUnavailableError:
    """Says that a statement could not do what it was for, such as `read the stacks`."""
    if isinstance(error, PostgresError):
        text = f"PostgreSQL did not {what}: {meaning(error.sqlstate)}."
    else:
        text = f"The connection to PostgreSQL was lost while it was to {what}."
    failed = ServiceUnavailableError(text)
    failed.__cause__ = error
    return failed
