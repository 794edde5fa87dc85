"""Clients of AWS services. Threads may share one, but only one thread at a time may make one."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECTIONS = 10

# https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html
_making = Lock()


@cache
def sqs_client() -> SQSClient:
    """For answers: one that is lost makes its task run again, so sending them is tried hard."""
    config = Config(
        connect_timeout=3,
        read_timeout=10,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "max_attempts": 5},
        tcp_keepalive=True,
    )
    with _making:
        return boto3.client("sqs", config=config)


def s3_client() -> S3Client:
    """For modules."""
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "max_attempts": 4},
    )
    with _making:
        return boto3.client("s3", config=config)


def lambda_client(read_timeout: float) -> LambdaClient:
    """For one invocation: asks once, and waits so many seconds for the answer.

    A time-out does not say that the function did not run, so a second try would run it twice.
    """
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )
    with _making:
        return boto3.client("lambda", config=config)
