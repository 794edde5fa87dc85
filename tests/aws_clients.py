"""Both kinds of client that call AWS, made to talk to a service of the test's own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ExponentialBackoff

from cloudseam.lean_client import lean_client
from cloudseam.lean_client.channel import Means
from cloudseam.lean_client.connection import _shared_pool
from cloudseam.patience import Patience

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
REGION = "eu-west-1"
# Where chance decides, it decides for the longest pause.
CHANCE = 1.0


@dataclass
class Sdk:
    """Makes clients of one kind; `pauses` are the seconds they would have waited."""

    make: Callable[[str, str, Patience], Any]
    pauses: list[float] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)

    def client(self, service: str, url: str, **patience: Any) -> Any:
        """A client of the service at that URL: 4 attempts, and 2 s for an answer."""
        usual = {"connect_timeout": 2, "read_timeout": 2, "attempts": 4}
        self.made.append(self.make(service, url, Patience(**{**usual, **patience})))
        return self.made[-1]

    def close(self) -> None:
        """Closes the connections of the clients."""
        for client in self.made:
            if hasattr(client, "meta"):
                client.close()
        self.made.clear()
        _shared_pool.cache_clear()


def boto3_sdk(patch: pytest.MonkeyPatch) -> Sdk:
    """boto3, which waits for nothing."""

    def make(service: str, url: str, patience: Patience) -> Any:
        config = Config(
            connect_timeout=patience.connect_timeout,
            read_timeout=patience.read_timeout,
            retries={"mode": "standard", "total_max_attempts": patience.attempts},
        )
        arguments: dict[str, Any] = {**KEYS, "region_name": REGION, "endpoint_url": url}
        return boto3.client(service, config=config, **arguments)  # type: ignore[call-overload]  # any service

    sdk = Sdk(make)
    patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=sdk.pauses.append))
    backoff = partial(ExponentialBackoff, random=lambda: CHANCE)
    patch.setattr("botocore.retries.standard.ExponentialBackoff", backoff)
    return sdk


def lean_sdk(patch: pytest.MonkeyPatch) -> Sdk:
    """The lean client, which waits for nothing."""
    sdk = Sdk(
        lambda service, url, patience: lean_client(
            service,
            patience,
            {**KEYS, "region_name": REGION, "endpoint_url": url},
            Means(sleep=sdk.pauses.append, chance=lambda: CHANCE),
        )
    )
    return sdk


SDKS = {"boto3": boto3_sdk, "lean": lean_sdk}


def told(call: Callable[[], Any]) -> str:
    """What comes of a call: `ok`, or the error's class with the service's code and status."""
    try:
        call()
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return f"ClientError {error.response['Error']['Code']} {status}"
    except BotoCoreError as error:
        return type(error).__name__
    return "ok"
