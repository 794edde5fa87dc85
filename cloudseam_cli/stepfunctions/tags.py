"""Tags of resources, in the store's file."""

import json
from collections.abc import Mapping

from cloudseam_cli.local_store.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS tags (arn TEXT PRIMARY KEY, tags TEXT NOT NULL) WITHOUT ROWID"


class Tags:
    """Keeps the tags of each resource, by its ARN."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(SCHEMA)

    def of(self, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        for (told,) in self._database.read("SELECT tags FROM tags WHERE arn = ?", arn):
            return dict(json.loads(told))
        return {}

    def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Replaces the tags of a resource; with none there is nothing kept."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
            if tags:
                connection.execute("INSERT INTO tags VALUES (?, ?)", (arn, json.dumps(dict(tags))))
