"""Failures and delays made on purpose, to see how machines live through those of AWS.

They are made above the retries of the SDK, which would hide most of them: what a rate says is
what the functions, and the machines behind them, have to live with.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Self

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from pydantic import Field, model_validator

from cloudseam.settings import Settings

# What services call it when they are asked too often; the others say `ThrottlingException`.
THROTTLED = {"lambda": "TooManyRequestsException", "s3": "SlowDown", "sqs": "RequestThrottled"}

logger = logging.getLogger("cloudseam.chaos")

Trouble = Callable[[], Exception]


class ChaosSettings(Settings):
    """How much goes wrong; see docs/configuration.md."""

    environment: str = Field(
        default="",
        alias="CLOUDSEAM_ENVIRONMENT",
        description="What the installation is for. Where it is `prod`, chaos is refused.",
    )
    failure_rate: float = Field(
        default=0,
        ge=0,
        le=1,
        alias="CHAOS_FAILURE_RATE",
        description="The part of calls of AWS, and of statements to PostgreSQL, that fail on "
        "purpose, from 0 to 1; see [operations.md](operations.md#testing-with-chaos).",
    )
    delay_rate: float = Field(
        default=0,
        ge=0,
        le=1,
        alias="CHAOS_DELAY_RATE",
        description="The part of them that wait before they begin, from 0 to 1.",
    )
    delay_seconds: float = Field(
        default=1,
        ge=0,
        le=900,
        alias="CHAOS_DELAY_SECONDS",
        description="How long such a wait is at most, in seconds.",
    )
    chaos_seed: int | None = Field(
        default=None,
        alias="CHAOS_SEED",
        description="Makes a process that asks for the same calls in the same order meet the same "
        "failures.",
    )

    @property
    def is_chaotic(self) -> bool:
        """Whether anything goes wrong at all."""
        return self.failure_rate > 0 or self.delay_rate > 0

    @model_validator(mode="after")
    def _spares_production(self) -> Self:
        if self.is_chaotic and self.environment.lower() == "prod":
            raise ValueError(
                "CHAOS_FAILURE_RATE and CHAOS_DELAY_RATE have to be 0 where "
                "CLOUDSEAM_ENVIRONMENT is prod"
            )
        return self


class Chaos:
    """Decides which calls fail and which wait. `sleep` waits so many seconds.

    Half of the failures come before a call is made, half after it was carried out: then only
    its answer is lost.
    """

    def __init__(
        self, settings: ChaosSettings, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        half = settings.failure_rate / 2
        self._fails_before = half
        self._fails_after = half / (1 - half)  # of those that have got so far
        self._delay_rate = settings.delay_rate
        self._delay_seconds = settings.delay_seconds
        self._random = random.Random(settings.chaos_seed)
        self._sleep = sleep

    def before(self, call: str, troubles: Sequence[Trouble]) -> None:
        """May wait, and may raise one of the troubles: the call is not made."""
        if self._happens(self._delay_rate):
            self._sleep(self._random.uniform(0, self._delay_seconds))
        if self._happens(self._fails_before):
            raise self._chosen(call, "was not made", troubles)

    def after(self, call: str, troubles: Sequence[Trouble]) -> None:
        """May raise one of the troubles: the call was made, and nobody hears of it."""
        if self._happens(self._fails_after):
            raise self._chosen(call, "was made and its answer lost", troubles)

    @contextmanager
    def around(
        self, call: str, refusals: Sequence[Trouble], losses: Sequence[Trouble]
    ) -> Iterator[None]:
        """Both, before and after the block."""
        self.before(call, refusals)
        yield
        self.after(call, losses)

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate

    def _chosen(self, call: str, what: str, troubles: Sequence[Trouble]) -> Exception:
        error = self._random.choice(troubles)()
        logger.info("Chaos: a call %s", what, extra={"call": call, "error": type(error).__name__})
        return error


def chaos_of(environ: Mapping[str, str]) -> Chaos | None:
    """The chaos that the environment asks for, one for the whole process; None if it asks for none.

    Raises:
        InvalidSettingsError: it asks for what cannot be, or for chaos in production.
    """
    settings = ChaosSettings.from_environment(environ)
    return _chaos(settings) if settings.is_chaotic else None


@cache
def _chaos(settings: ChaosSettings) -> Chaos:
    logger.warning(
        "Chaos is on: calls fail and wait on purpose",
        extra={
            "failure_rate": settings.failure_rate,
            "delay_rate": settings.delay_rate,
            "delay_seconds": settings.delay_seconds,
        },
    )
    return Chaos(settings)


def unsettle(client: Any, chaos: Chaos) -> None:
    """Has a client's calls fail and wait.

    The events are emitted once for each call, around all attempts of the SDK to make it (boto3
    developer guide, "Extensibility").
    """
    url = client.meta.endpoint_url

    def before(model: Any, **_: Any) -> None:
        chaos.before(_name(model), _refusals(model, url))

    def after(model: Any, **_: Any) -> None:
        chaos.after(_name(model), _losses(model, url))

    client.meta.events.register("before-call", before)
    client.meta.events.register("after-call", after)


def _name(model: Any) -> str:
    return f"{model.service_model.service_name}:{model.name}"


def _refusals(model: Any, url: str) -> Sequence[Trouble]:
    throttled = THROTTLED.get(model.service_model.service_name, "ThrottlingException")
    return (
        lambda: _answer(model, throttled, 400),
        lambda: _answer(model, "ServiceUnavailable", 503),
        lambda: EndpointConnectionError(endpoint_url=url),
    )


def _losses(model: Any, url: str) -> Sequence[Trouble]:
    return (
        lambda: _answer(model, "InternalServerError", 500),
        lambda: ConnectionClosedError(endpoint_url=url),
        lambda: ReadTimeoutError(endpoint_url=url),
    )


def _answer(model: Any, code: str, status: int) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "Chaos made this error."},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]  # as much as a caller may read
        },
        model.name,
    )
