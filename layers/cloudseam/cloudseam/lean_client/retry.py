"""Which failures are worth another attempt, how soon, and how many in all.

The rules, codes and numbers are those of botocore's standard mode (AWS SDKs reference guide,
"Retry behavior"; `botocore.retries.standard`). A test compares the two.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ConnectionError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)

TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
TRANSIENT_CODES = frozenset(
    {
        "PriorRequestNotComplete",
        "ReplicatedWriteConflictException",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
RETRIED_CODES = TRANSIENT_CODES | THROTTLING_CODES
LONGEST_PAUSE = 20.0
CAPACITY = 500
RETRY_COST = 5
TIMEOUT_COST = 10
SUCCESS_GAIN = 1

# What went wrong: a service's answer as `ClientError.response` has it, or no answer at all.
Failure = Mapping[str, Any] | BotoCoreError


def is_retryable(failure: Failure) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(failure, BotoCoreError):
        return isinstance(failure, ConnectionError | HTTPClientError | ChecksumError)
    status = failure["ResponseMetadata"]["HTTPStatusCode"]
    return status in TRANSIENT_STATUSES or failure["Error"]["Code"] in RETRIED_CODES


def cost_of(failure: Failure) -> int:
    """What another attempt after it takes from the quota."""
    is_timeout = isinstance(failure, ConnectTimeoutError | ReadTimeoutError)
    return TIMEOUT_COST if is_timeout else RETRY_COST


def pause(attempt: int, chance: float) -> float:
    """Seconds to wait after so many attempts; `chance` lies between 0 and 1 (full jitter)."""
    return chance * min(2.0 ** (attempt - 1), LONGEST_PAUSE)


class Quota:
    """Bounds the retries of a client: where most calls fail, trying again only adds load."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = self._left = capacity
        self._lock = Lock()

    def take(self, cost: int) -> bool:
        """Whether so much is left; then it is taken."""
        with self._lock:
            if cost > self._left:
                return False
            self._left -= cost
            return True

    def give_back(self, amount: int) -> None:
        """Returns so much, up to the capacity."""
        if self._left == self._capacity:
            return
        with self._lock:
            self._left = min(self._left + amount, self._capacity)
