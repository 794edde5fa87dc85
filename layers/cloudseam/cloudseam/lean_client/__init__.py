"""Clients of AWS services without boto3: a third of its CPU per call, and none of its imports.

They have those methods of boto3's clients that CloudSeam uses, with the same arguments, answers
and exceptions, and try again as botocore's standard retry mode does. docs/decisions/lean-client.md
says what is different, and when boto3 is used instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cloudseam.lean_client.channel import Means
from cloudseam.lean_client.credentials import Keys
from cloudseam.lean_client.endpoint import endpoint_of, given_url
from cloudseam.lean_client.json_client import APIS, JsonClient

if TYPE_CHECKING:
    from cloudseam.patience import Patience

# As variables name services: `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
SERVICE_IDS = {
    "dynamodb": "DYNAMODB",
    "events": "EVENTBRIDGE",
    "lambda": "LAMBDA",
    "s3": "S3",
    "secretsmanager": "SECRETS_MANAGER",
    "sqs": "SQS",
}


def lean_client(
    service: str, patience: Patience, arguments: Mapping[str, str], means: Means | None = None
) -> Any:
    """A client of one of `SERVICE_IDS`. `arguments` are those that `boto3.client` would be given.

    Raises:
        NoRegionError: nothing names a region.
        ValueError: the endpoint or the region is none it knows.
    """
    means = means or Means()
    if "aws_access_key_id" in arguments:
        keys = Keys(arguments["aws_access_key_id"], arguments["aws_secret_access_key"])
        means = replace(means, keys=lambda: keys)
    url = arguments.get("endpoint_url") or given_url(SERVICE_IDS[service], means.environ)
    region = arguments.get("region_name") or means.environ.get("AWS_DEFAULT_REGION")
    endpoint = endpoint_of(service, region, url)
    match service:
        case "s3":
            from cloudseam.lean_client.s3_client import S3Client

            return S3Client(endpoint, patience, means)
        case "lambda":
            from cloudseam.lean_client.lambda_client import LambdaClient

            return LambdaClient(endpoint, patience, means)
    return JsonClient(service, APIS[service], endpoint, patience, means)
