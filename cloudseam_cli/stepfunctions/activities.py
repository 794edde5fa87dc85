"""Activities, in the store's file, and the tasks that wait for a worker to come for them."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition

from cloudseam.task_token import TaskToken
from cloudseam_cli.local_store.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS activities (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL
) WITHOUT ROWID
"""


# How often it is looked whether a worker still waits.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity. `created` is in epoch seconds."""

    arn: str
    name: str
    created: float


class Activities:
    """Keeps activities."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(SCHEMA)
        rows = database.read("SELECT arn, name, created FROM activities")
        self._known = {row[0]: Activity(*row) for row in rows}

    def make(self, arn: str, name: str, now: float) -> Activity:
        """The activity, which is made if there is none."""
        with self._database.transaction() as connection:
            known = self._known.get(arn)
            if known is None:
                known = Activity(arn, name, now)
                connection.execute("INSERT INTO activities VALUES (?, ?, ?)", (arn, name, now))
                self._known[arn] = known
            return known

    def remove(self, arn: str) -> None:
        """Removes it, if there is one."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM activities WHERE arn = ?", (arn,))
            self._known.pop(arn, None)

    def find(self, arn: str) -> Activity | None:
        """The activity of that ARN."""
        return self._known.get(arn)

    def is_missing(self, arn: str) -> bool:
        """Whether there is none of that ARN."""
        return arn not in self._known

    def all(self) -> Sequence[Activity]:
        """All there are, the newest first."""
        return sorted(self._known.values(), key=lambda each: each.created, reverse=True)


class WaitingTasks:
    """Tasks of activities that no worker has taken, by the activity's ARN. In memory: the
    executions have them."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[TaskToken]] = {}
        self._known: set[TaskToken] = set()
        self._changed = Condition()
        self._closed = False

    def offer(self, activity: str, token: TaskToken) -> None:
        """Has a task wait, unless it does already."""
        with self._changed:
            if token not in self._known:
                self._known.add(token)
                self._waiting.setdefault(activity, deque()).append(token)
                self._changed.notify_all()

    def take(self, activity: str, seconds: float, is_there: Callable[[], bool]) -> TaskToken | None:
        """The task that has waited longest; None if none came for so many seconds, or if whoever
        would take it is not there any more."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._waiting.get(activity):
                left = until - time.monotonic()
                if left <= 0 or self._closed or not is_there():
                    return None
                self._changed.wait(min(left, LOOK_SECONDS))
            if not is_there():
                self._changed.notify_all()
                return None
            token = self._waiting[activity].popleft()
            self._known.discard(token)
            return token

    def close(self) -> None:
        """Sends away whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
