"""Signatures are those that botocore makes of the same request at the same moment."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest

from cloudseam.lean_client.credentials import Keys
from cloudseam.lean_client.exchange import Request
from cloudseam.lean_client.signature import Signer

NOW = datetime(2026, 2, 3, 4, 5, 6, 789, UTC)
KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = Keys("ASIAEXAMPLE", "secret/+=", "IQoJb3JpZ2luX2VjE//token+with/all=")

REQUESTS = {
    "json": (
        "dynamodb",
        Request(
            "POST",
            "/",
            {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": "DynamoDB_20120810.PutItem",
            },
            '{"TableName":"ż"}'.encode(),
        ),
    ),
    "an empty body": ("sqs", Request("POST", "/", {"X-Amz-Target": "AmazonSQS.ReceiveMessage"})),
    "a path of the endpoint": ("sqs", Request("POST", "/aws/", {}, b"{}")),
    "a function": (
        "lambda",
        Request("POST", "/2015-03-31/functions/f/invocations", {"X-Amz-Invocation-Type": "Event"}),
    ),
    "a function's ARN": (
        "lambda",
        Request("POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Af/invocations", {}, b"{}"),
    ),
    "an object": ("s3", Request("GET", "/life.yml", {"Range": "bytes=0-9"})),
    "an object of a strange key": ("s3", Request("GET", "/b/a%20b/../x//%C3%BC%2B~.yml")),
    "a condition with spaces": ("s3", Request("GET", "/a", {"If-Match": '  "a   b" '})),
    "a list": ("s3", Request("GET", "/?prefix=a%2Fb&list-type=2&max-keys=1&encoding-type=url")),
    "a list of names that begin alike": ("s3", Request("GET", "/?a-b=1&a=2&a=1&ab=&b=")),
}


@pytest.mark.parametrize("keys", [KEYS, SESSION], ids=["lasting keys", "keys of a session"])
@pytest.mark.parametrize("host", ["sqs.eu-west-1.amazonaws.com", "127.0.0.1:4566", "[::1]:80"])
@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_is_signed_as_botocore_signs_it(what: str, host: str, keys: Keys) -> None:
    service, request = REQUESTS[what]

    ours = Signer(service, "eu-west-1").headers(request, host, keys, NOW)

    assert ours == botocores(service, request, host, keys)


def test_another_moment_region_service_or_key_makes_another_signature() -> None:
    def signature(
        service: str = "sqs", region: str = "eu-west-1", keys: Keys = KEYS, hour: int = 4
    ) -> str:
        request = Request("POST", "/", {}, b"{}")
        headers = Signer(service, region).headers(request, "h", keys, NOW.replace(hour=hour))
        return headers["Authorization"].rpartition("Signature=")[2]

    signatures = [
        signature(),
        signature(service="dynamodb"),
        signature(region="eu-west-2"),
        signature(keys=SESSION),
        signature(hour=5),
    ]

    assert len(set(signatures)) == len(signatures)


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(SESSION)
    assert "token" not in repr(SESSION)


def botocores(service: str, request: Request, host: str, keys: Keys) -> dict[str, str]:
    headers = {**request.headers, "Host": host}
    url = f"http://{host}{request.target}"
    unsigned = AWSRequest(request.method, url, headers, request.body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    any_keys: Any = keys
    with patch("botocore.auth.get_current_datetime", lambda: NOW):
        signer(any_keys, service, "eu-west-1").add_auth(unsigned)
    return dict(unsigned.headers.items())
