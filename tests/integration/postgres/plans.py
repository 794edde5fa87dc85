"""How PostgreSQL would carry out a statement of a store."""

from cloudseam.persistence.postgres.connection import PostgresConnection

VALUES = {
    "after": "''",
    "created": "ARRAY[0, 0]",
    "data": "'{}'",
    "digest": "'d'",
    "done": "'false'",
    "entries": "ARRAY['[]', NULL]",
    "expires": "ARRAY[0, 0]",
    "former": "'o'",
    "former_until": "0",
    "id": "'s1'",
    "ids": "ARRAY['s1', 's2']",
    "key": "'k1'",
    "keys": "ARRAY['k1', 'k2']",
    "limit": "9",
    "machine": "'life'",
    "machines": "ARRAY['m', 'm']",
    "now": "0",
    "owner": "'o'",
    "reads": "ARRAY[1, 0]",
    "rows": "ARRAY['{}', '{}']",
    "until": "0",
    "updated": "ARRAY[0, 0]",
    "version": "9",
}


def plan_of(connection: PostgresConnection, statement: str, **values: str) -> str:
    """The plan, as `EXPLAIN` shows it, with values in the place of parameters."""
    known = VALUES | values
    for name in sorted(known, key=len, reverse=True):
        statement = statement.replace(f":{name}", known[name])
    return "\n".join(row[0] for row in connection.read(f"EXPLAIN {statement}"))
