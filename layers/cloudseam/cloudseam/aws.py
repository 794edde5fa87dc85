"""Clients of AWS services, in `LOCAL_MODE` of what stands in for them on this computer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

from cloudseam.chaos import chaos_of, unsettle

# The host names of compose.yaml, as the original CloudSeam has them.
LOCAL_ENDPOINTS = {"sqs": "http://sqs:9324", "dynamodb": "http://dynamodb:8000"}
LOCAL_REGION = "us-east-1"
NO_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}

# For services that answer in milliseconds. One connection for each call that may be under way.
QUICK = Config(
    connect_timeout=3,
    read_timeout=10,
    max_pool_connections=32,
    retries={"mode": "standard", "max_attempts": 3},
    tcp_keepalive=True,
)

# Threads may share a client, but only one thread at a time may make one
# (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html).
_making = Lock()


def make_client(service: str, config: Config = QUICK) -> Any:
    """A client of the service, at its standard endpoint or where the environment says.

    Its calls fail and wait where the environment asks for chaos.
    """
    with _making:
        client = boto3.client(service, config=config, **client_arguments(service, os.environ))  # type: ignore[call-overload]
    if chaos := chaos_of(os.environ):
        unsettle(client, chaos)
    return client


def client_arguments(service: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a client has to be told: `AWS_REGION`, as boto3 reads `AWS_DEFAULT_REGION` only, and
    where to find a service in `LOCAL_MODE`."""
    region = environ.get("AWS_REGION")
    named = {"region_name": region} if region else {}
    return named | local_arguments(service, environ)


def local_arguments(service: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a client needs to talk to this computer in `LOCAL_MODE`; nothing where a standard
    variable names another endpoint."""
    is_elsewhere = names_endpoint(service, environ) or not is_local(environ)
    if is_elsewhere or service not in LOCAL_ENDPOINTS:
        return {}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or LOCAL_REGION
    endpoint = {"endpoint_url": LOCAL_ENDPOINTS[service], "region_name": region}
    return endpoint if environ.get("AWS_ACCESS_KEY_ID") else endpoint | NO_CREDENTIALS


def names_endpoint(service: str, environ: Mapping[str, str]) -> bool:
    """Whether a standard variable, as `AWS_ENDPOINT_URL` or `AWS_ENDPOINT_URL_SQS`, names one."""
    own = f"AWS_ENDPOINT_URL_{service.upper()}"
    return bool(environ.get(own) or environ.get("AWS_ENDPOINT_URL"))


def is_local(environ: Mapping[str, str]) -> bool:
    """Whether `LOCAL_MODE` is on: set, and neither empty, `0` nor `false`."""
    return environ.get("LOCAL_MODE", "").lower() not in {"", "0", "false"}
