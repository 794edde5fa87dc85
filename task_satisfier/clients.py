"""The satisfier's clients of AWS services, each with the patience that its work needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from cloudseam.aws import make_client, make_sdk_client
from cloudseam.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# One for each task that may be under way.
CONNECTIONS = 32
# A client is for invocations that begin within so many seconds of when it was made. A connection
# that was idle for longer may have been closed at the other end: an invocation on it would be lost.
SHARED_FOR = 5
# A longer wait than this is cut to a multiple of `SHARED_FOR`, so that it can be shared.
CUT_FROM = 60
ASKED_ONCE = frozenset({"lambda"})


@cache
def sqs_client() -> SQSClient:
    """For answers: one that is lost makes its task run again, so sending them is tried hard."""
    patience = Patience(connect_timeout=3, read_timeout=10, attempts=6, connections=CONNECTIONS)
    client: SQSClient = make_client("sqs", patience)
    return client


def s3_client() -> S3Client:
    """For modules."""
    patience = Patience(connect_timeout=5, read_timeout=30, attempts=5, connections=CONNECTIONS)
    client: S3Client = make_client("s3", patience)
    return client


def lambda_client(read_timeout: float) -> LambdaClient:
    """For one invocation: asks once, and waits so many seconds for the answer.

    A time-out does not say that the function did not run, so a second try would run it twice.
    """
    patience = Patience(
        connect_timeout=5, read_timeout=read_timeout, attempts=1, connections=CONNECTIONS
    )
    client: LambdaClient = make_client("lambda", patience)
    return client


class ServiceClients:
    """Clients of any service, for calls that tasks of Amazon States Language make."""

    def __init__(self, make: Callable[[str, float], Any]) -> None:
        self._make = make
        self._lock = Lock()
        self._of: dict[str, LambdaClients] = {}

    def get(self, service: str, wait: float) -> Any:
        """A client of the service that waits for an answer so many seconds, or a few less."""
        with self._lock:
            if service not in self._of:
                self._of[service] = LambdaClients(partial(self._make, service))
        return self._of[service].get(wait)


def service_client(service: str, read_timeout: float) -> Any:
    """For one call: asks once where the work may be done though no answer came (a function runs,
    an execution starts), else as boto3 does."""
    attempts = 1 if service in ASKED_ONCE else 3
    patience = Patience(
        connect_timeout=5, read_timeout=read_timeout, attempts=attempts, connections=CONNECTIONS
    )
    return make_sdk_client(service, patience)


class LambdaClients:
    """Clients for invocations; those that begin within a few seconds of each other share one.

    To make one costs more than an invocation, and so does a connection of its own. Several threads
    may ask. `make` takes the read time-out in seconds; `clock` gives seconds.
    """

    def __init__(
        self,
        make: Callable[[float], LambdaClient],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._clock = clock
        self._lock = Lock()
        self._made: dict[float, tuple[float, LambdaClient]] = {}

    def get(self, wait: float) -> LambdaClient:
        """A client that waits for an answer so many seconds, or a few less."""
        read_timeout = wait - wait % SHARED_FOR if wait > CUT_FROM else wait
        with self._lock:
            now = self._clock()
            self._made = {
                key: made for key, made in self._made.items() if now - made[0] < SHARED_FOR
            }
            if read_timeout not in self._made:
                self._made[read_timeout] = (now, self._make(read_timeout))
            return self._made[read_timeout][1]
