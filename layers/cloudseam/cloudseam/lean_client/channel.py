"""One service's channel: signs requests, sends them, and tries again what may work later."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam import __version__
from cloudseam.lean_client.connection import Connection
from cloudseam.lean_client.credentials import Keys, current_keys
from cloudseam.lean_client.exchange import Answer, Request
from cloudseam.lean_client.retry import (
    SUCCESS_GAIN,
    Failure,
    Quota,
    cost_of,
    is_retryable,
    pause,
)
from cloudseam.lean_client.signature import Signer

if TYPE_CHECKING:
    from cloudseam.lean_client.endpoint import Endpoint
    from cloudseam.patience import Patience

USER_AGENT = f"cloudseam/{__version__} md/lean-client"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a service is called in signatures, and how to understand what it answers.

    `judge` tells what is wrong with an answer; None where nothing is.
    """

    service: str
    judge: Callable[[Answer], Failure | None]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Means:
    """What a channel needs of the world around it."""

    keys: Callable[[], Keys] = current_keys
    sleep: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = _now
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


class Channel:
    """To one service at one endpoint. Threads may share it."""

    def __init__(
        self, dialect: Dialect, endpoint: Endpoint, patience: Patience, means: Means
    ) -> None:
        self.endpoint = endpoint
        self._judge = dialect.judge
        self._signer = Signer(dialect.service, endpoint.region)
        self._attempts = patience.attempts
        self._means = means
        self._connection = Connection(endpoint.origin, patience)
        self._quota = Quota()

    def ask(self, operation: str, request: Request) -> tuple[Answer, dict[str, Any]]:
        """The answer of a call that succeeded, and the metadata of retries.

        Raises:
            ClientError: the service refused, or failed to the end.
            BotoCoreError: it did not answer, or not in a way that can be understood.
        """
        invocation, cost, attempt = str(uuid4()), SUCCESS_GAIN, 1
        while True:
            outcome = self._outcome(request, self._unsigned(invocation, attempt))
            if isinstance(outcome, Answer):
                self._quota.give_back(cost)
                return outcome, {"RetryAttempts": attempt - 1}
            cost, is_last = cost_of(outcome), attempt >= self._attempts
            if is_last or not is_retryable(outcome) or not self._quota.take(cost):
                raise _error(operation, outcome, attempt, is_last)
            self._means.sleep(pause(attempt, self._means.chance()))
            attempt += 1

    def _outcome(self, request: Request, unsigned: Mapping[str, str]) -> Answer | Failure:
        """Of one attempt. Signed anew each time, as a signature ends with its moment."""
        keys, now = self._means.keys(), self._means.now()
        signed = self._signer.headers(request, self.endpoint.host, keys, now)
        try:
            answer = self._connection.send(request, {**signed, **unsigned})
        except BotoCoreError as error:
            return error
        return self._judge(answer) or answer

    def _unsigned(self, invocation: str, attempt: int) -> dict[str, str]:
        """What every SDK tells, by which AWS knows attempts of a call from calls."""
        headers = {
            "User-Agent": USER_AGENT,
            "amz-sdk-invocation-id": invocation,
            "amz-sdk-request": f"attempt={attempt}; max={self._attempts}",
        }
        trace = self._means.environ.get("_X_AMZN_TRACE_ID")
        if trace and "AWS_LAMBDA_FUNCTION_NAME" in self._means.environ:
            headers["X-Amzn-Trace-Id"] = quote(trace, safe="-=;:+&[]{}\"',")
        return headers


def _error(
    operation: str, failure: Failure, attempt: int, is_last: bool
) -> ClientError | BotoCoreError:
    if isinstance(failure, BotoCoreError):
        return failure
    told: dict[str, Any] = {"RetryAttempts": attempt - 1}
    if is_last:
        told["MaxAttemptsReached"] = True
    response: Any = {**failure, "ResponseMetadata": {**failure["ResponseMetadata"], **told}}
    return ClientError(response, operation)
