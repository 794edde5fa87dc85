"""How long an invocation is billed: the time of its calls, and its CPU time at its share of a core.

The times are measured on one core of a common server. They are the roughest part of the model and,
in batches, a small one.
"""

from dataclasses import dataclass
from math import ceil

from cloudseam_cli.costs.pattern import Calls

# Lambda gives a whole core at so many MB (developer guide, "Configure Lambda function memory").
MEMORY_OF_A_CORE = 1769
MEGABYTES_PER_GB = 1024
# What a call to DynamoDB or SQS of the same region takes.
WAIT_MS_PER_CALL = 5.0


@dataclass(frozen=True, slots=True)
class Effort:
    """CPU time in ms: of a call with its client, and of all else that an event needs."""

    per_call: float
    per_event: float

    def gb_seconds(
        self, calls: Calls, events: float, memory: int, *, one_by_one: bool = False
    ) -> float:
        """GB-seconds of an invocation that makes these calls for so many events.

        Calls of a kind are made side by side, unless they are made `one_by_one`.
        """
        share = min(1.0, memory / MEMORY_OF_A_CORE)
        rounds = calls.total if one_by_one else calls.rounds
        working = (calls.total * self.per_call + events * self.per_event) / share
        return gigabytes(memory) * ceil(rounds * WAIT_MS_PER_CALL + working) / 1000


# Of boto3 over TLS; of parsing, deciding, and writing row, messages and log line.
PYTHON = Effort(per_call=1.5, per_event=0.5)
# The original: 1.33 ms for an event with its 2.8 calls, in batches of ten.
NODE = Effort(per_call=0.4, per_event=0.2)
# aws-lambda-fsm: 146 to 249 transitions in a second of CPU, all calls included.
FSM = Effort(per_call=0, per_event=5)


def gigabytes(memory: int) -> float:
    """A function's memory in GB."""
    return memory / MEGABYTES_PER_GB
