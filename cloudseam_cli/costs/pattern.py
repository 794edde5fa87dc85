"""Which calls CloudSeam makes: counted by tests on the real service, store and satisfier.

`tests/unit/costs/test_pattern.py` runs them and compares. Who changes what a batch calls changes
it here.
"""

from dataclasses import dataclass
from math import ceil

# BatchGetItem takes so many keys, BatchExecuteStatement so many statements, SendMessageBatch and
# DeleteMessageBatch so many entries, and ReceiveMessage gives so many messages (API references).
KEYS_PER_READ = 100
STATEMENTS_PER_WRITE = 25
MESSAGES_PER_REQUEST = 10

# DynamoDB counts a write of a transaction twice (developer guide, "Transactions").
TRANSACTION_WRITES = 2

# Sizes in KB of what rows and messages of machines hold beside the stack itself.
CLAIM_KB = 0.2
HISTORY_KB = 0.2
EVENT_KB = 0.2
ANSWER_KB = 0.4
TASK_KB = 0.4


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one batch, and the rows and messages in them."""

    reads: int = 0
    rows_read: int = 0
    writes: int = 0
    rows_written: int = 0
    sends: int = 0
    messages: int = 0

    @property
    def total(self) -> int:
        """How many calls there are."""
        return self.reads + self.writes + self.sends

    @property
    def rounds(self) -> int:
        """How often it is waited for calls: those of a kind are made side by side."""
        return sum(map(bool, (self.reads, self.writes, self.sends)))


def batch_of_events(events: int, tasks: int, *, is_change: bool = True) -> Calls:
    """What a batch of events costs, each for another stack, that asks for so many tasks in all.

    Without a change nothing is written, as for a timer that nothing is due for.
    """
    return Calls(
        reads=ceil(events / KEYS_PER_READ),
        rows_read=events,
        writes=ceil(events / STATEMENTS_PER_WRITE) if is_change else 0,
        rows_written=events if is_change else 0,
        sends=ceil(tasks / MESSAGES_PER_REQUEST),
        messages=tasks,
    )


def batch_of_tasks(tasks: int) -> Calls:
    """What a batch of short tasks costs beside their own work: a claim for each, and the answers.

    Short tasks end together, and then their answers are sent together.
    """
    sends = ceil(tasks / MESSAGES_PER_REQUEST)
    return Calls(writes=tasks, rows_written=tasks, sends=sends, messages=tasks)
