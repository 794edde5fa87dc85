"""Clients of AWS services, in `LOCAL_MODE` of what stands in for them on this computer."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Mapping
from functools import cache
from threading import Lock
from typing import Any, Literal

from pydantic import Field

from cloudseam.chaos import ChaosSettings, chaos_of, unsettle
from cloudseam.errors import InvalidSettingsError
from cloudseam.patience import Patience
from cloudseam.settings import Settings

# The host names of compose.yaml, as the original CloudSeam has them.
LOCAL_ENDPOINTS = {"sqs": "http://sqs:9324", "dynamodb": "http://dynamodb:8000"}
LOCAL_REGION = "us-east-1"
NO_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}

# For services that answer in milliseconds. One connection for each call that may be under way.
QUICK = Patience(connect_timeout=3, read_timeout=10, attempts=4, connections=32)
# What the lean client speaks. EventBridge Scheduler is called seldom, and never at the start.
LEAN_SERVICES = frozenset({"dynamodb", "events", "lambda", "s3", "secretsmanager", "sqs"})

Kind = Literal["boto3", "lean"]

# Threads may share a client, but only one thread at a time may make one
# (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html).
_making = Lock()


class ClientSettings(Settings):
    """Which clients a function calls AWS by; see docs/configuration.md."""

    aws_client: Literal["auto", "boto3", "lean"] = Field(
        default="auto",
        alias="AWS_CLIENT",
        description="What calls AWS: `boto3`, or `lean`, which needs a third of its CPU. `auto` is "
        "`lean`, unless boto3 is loaded anyway, chaos or tracing is on, or a setting of the AWS "
        "SDK needs boto3; see [decisions/lean-client.md](decisions/lean-client.md).",
    )


def make_client(service: str, patience: Patience = QUICK) -> Any:
    """A client of the service, at its standard endpoint or where the environment says.

    Its calls fail and wait where the environment asks for chaos.

    Raises:
        InvalidSettingsError: `AWS_CLIENT` asks for what cannot be.
    """
    if service in LEAN_SERVICES and client_kind() == "lean":
        from cloudseam.lean_client import lean_client

        return lean_client(service, patience, client_arguments(service, os.environ))
    return make_sdk_client(service, patience)


def make_sdk_client(service: str, patience: Patience = QUICK) -> Any:
    """The same of boto3, whatever `AWS_CLIENT` says: it knows each action of any service."""
    with _making:
        client = _boto3_client(service, patience)
    if chaos := chaos_of(os.environ):
        unsettle(client, chaos)
    return client


@cache
def client_kind() -> Kind:
    """What this process calls AWS by, decided once: all of it is seen by the same mocks."""
    return chosen_kind(os.environ, sys.modules)


def chosen_kind(environ: Mapping[str, str], loaded: Container[str]) -> Kind:
    """What the settings ask for; `loaded` are the names of the modules that are imported.

    Raises:
        InvalidSettingsError: they ask for the lean client where it would not do.
    """
    wanted = ClientSettings.from_environment(environ).aws_client
    if wanted == "boto3" or (wanted == "auto" and _is_loaded(loaded)):
        return "boto3"
    reason = _why_not_lean(environ)
    if reason is None:
        return "lean"
    if wanted == "lean":
        raise InvalidSettingsError(f"AWS_CLIENT cannot be 'lean', as {reason}. Set it to 'auto'.")
    return "boto3"


def _is_loaded(loaded: Container[str]) -> bool:
    """Whether boto3 costs nothing more, and mocks or tracers may have been hung on it."""
    return "boto3" in loaded or "botocore.client" in loaded


def _why_not_lean(environ: Mapping[str, str]) -> str | None:
    from cloudseam.lean_client.unsuited import why_unsuited

    if ChaosSettings.from_environment(environ).is_chaotic:
        return "chaos is made by boto3's events"
    if environ.get("CLOUDSEAM_TRACING") in {"1", "true"}:
        return "CLOUDSEAM_TRACING is set, and X-Ray knows boto3's calls"
    arguments = client_arguments("dynamodb", environ)
    region = arguments.get("region_name") or environ.get("AWS_DEFAULT_REGION")
    return why_unsuited(environ, region)


def _boto3_client(service: str, patience: Patience) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=patience.connect_timeout,
        read_timeout=patience.read_timeout,
        max_pool_connections=patience.connections,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        tcp_keepalive=True,
    )
    arguments: dict[str, Any] = {**client_arguments(service, os.environ)}
    return boto3.client(service, config=config, **arguments)  # type: ignore[call-overload]  # any service


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
