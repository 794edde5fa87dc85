"""The satisfier's clients of AWS services, each with the patience that its work needs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore.config import Config

from cloudseam.aws import make_client

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECTIONS = 10


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
    client: SQSClient = make_client("sqs", config)
    return client


def s3_client() -> S3Client:
    """For modules."""
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "max_attempts": 4},
    )
    client: S3Client = make_client("s3", config)
    return client


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
    client: LambdaClient = make_client("lambda", config)
    return client
