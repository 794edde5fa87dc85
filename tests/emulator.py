"""The embedded AWS for tests: started once, shared by all, gone when the tests end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3

from cloudseam.aws import QUICK
from cloudseam.lean_client import lean_client
from cloudseam_cli.embedded_aws import REGION, EmbeddedAws


@contextmanager
def in_environment_of(aws: EmbeddedAws) -> Iterator[None]:
    """Has every client, and every process started, talk to it and to nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, {**kept, **aws.environment}, clear=True):
        yield


def boto3_on(aws: EmbeddedAws, service: str) -> Any:
    """A client of boto3's that talks to it, whatever the environment says."""
    arguments: dict[str, Any] = _arguments(aws)
    return boto3.client(service, **arguments)  # type: ignore[call-overload]  # any service


def lean_on(aws: EmbeddedAws, service: str) -> Any:
    """A lean client that talks to it, whatever the environment says."""
    return lean_client(service, QUICK, _arguments(aws))


def _arguments(aws: EmbeddedAws) -> dict[str, str]:
    return {
        "endpoint_url": aws.url,
        "region_name": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
