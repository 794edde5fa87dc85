"""Endpoints are those that boto3 finds."""

from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import NoRegionError

from cloudseam.lean_client import SERVICE_IDS
from cloudseam.lean_client.endpoint import Endpoint, domain_of, endpoint_of, given_url
from cloudseam.lean_client.s3_client import UnknownBucketError, bucket_endpoint

REGIONS = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-2",
    "ap-southeast-7",
    "il-central-1",
    "mx-central-1",
    "us-gov-west-1",
    "us-gov-east-1",
    "cn-north-1",
    "cn-northwest-1",
]
OTHER_REGIONS = ["us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "aws-global", "local", "x"]
GIVEN = {
    "an address": "http://127.0.0.1:4566",
    "a name": "http://localhost:4566",
    "with a slash": "http://localhost:4566/",
    "with a path": "https://proxy.example.com/aws",
    "of IPv6": "http://[::1]:4566",
    "the usual port": "https://example.com:443",
}
BUCKETS = ["machines", "machines-2", "machines.with.dots", "Machines_of_Old", "abc"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    # boto3's default for S3 in us-east-1 is a host of all regions, which AWS advises against.
    monkeypatch.setenv("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "regional")


@pytest.mark.parametrize("service", SERVICE_IDS)
@pytest.mark.parametrize("region", REGIONS)
def test_a_service_is_where_boto3_finds_it(region: str, service: str) -> None:
    ours = endpoint_of(service, region, None)

    assert ours.origin == asked(service, region, bucket="has.no.host").origin


@pytest.mark.parametrize("region", OTHER_REGIONS)
def test_regions_with_rules_of_their_own_are_left_to_boto3(region: str) -> None:
    assert domain_of(region) is None
    with pytest.raises(ValueError, match="does not know the region"):
        endpoint_of("sqs", region, None)


@pytest.mark.parametrize("url", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("service", ["sqs", "lambda"])
def test_an_endpoint_that_is_given_is_used_as_boto3_uses_it(service: str, url: str) -> None:
    ours = endpoint_of(service, "eu-west-1", url)
    theirs = asked(service, "eu-west-1", endpoint_url=url)

    assert (ours.origin, ours.host, ours.path) == (theirs.origin, theirs.host, theirs.path)


def test_without_a_region_there_is_no_endpoint() -> None:
    with pytest.raises(NoRegionError):
        endpoint_of("sqs", None, "http://127.0.0.1:4566")


@pytest.mark.parametrize("url", ["127.0.0.1:4566", "ftp://example.com", "http://", "http:///aws"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="An endpoint has to be an URL"):
        endpoint_of("sqs", "eu-west-1", url)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_where_boto3_finds_it(bucket: str, region: str) -> None:
    ours = bucket_endpoint(bucket, region, endpoint_of("s3", region, None))
    theirs = asked("s3", region, bucket=bucket)

    assert (ours.origin, ours.path) == (theirs.origin, theirs.path)


@pytest.mark.parametrize("url", GIVEN.values(), ids=GIVEN)
def test_a_bucket_is_a_path_of_an_endpoint_that_is_given(url: str) -> None:
    ours = bucket_endpoint("machines", "eu-west-1", endpoint_of("s3", "eu-west-1", url))
    theirs = asked("s3", "eu-west-1", bucket="machines", endpoint_url=url)

    assert (ours.origin, ours.path) == (theirs.origin, theirs.path)


@pytest.mark.parametrize(
    "bucket",
    ["arn:aws:s3:eu-west-1:000000000000:accesspoint/a", "b--euw1-az1--x-s3", "a/b", "", "ż"],
)
def test_buckets_with_rules_of_their_own_are_refused(bucket: str) -> None:
    with pytest.raises(UnknownBucketError, match="AWS_CLIENT=boto3"):
        bucket_endpoint(bucket, "eu-west-1", endpoint_of("s3", "eu-west-1", None))


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        ({"AWS_ENDPOINT_URL": "http://all"}, "http://all"),
        ({"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SQS": "http://one"}, "http://one"),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://other"}, None),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_SQS": ""}, None),
    ],
)
def test_a_variable_names_the_endpoint_of_a_service_or_of_all(
    environ: dict[str, str], url: str | None
) -> None:
    assert given_url("SQS", environ) == url


ASKS: dict[str, tuple[str, dict[str, Any], str]] = {
    "dynamodb": ("scan", {"TableName": "T"}, "/"),
    "events": ("put_events", {"Entries": [{}]}, "/"),
    "lambda": ("invoke", {"FunctionName": "f"}, "/2015-03-31/functions/f/invocations"),
    "secretsmanager": ("get_secret_value", {"SecretId": "s"}, "/"),
    "sqs": ("receive_message", {"QueueUrl": "http://elsewhere/q"}, "/"),
    "s3": ("list_objects_v2", {}, ""),
}


class AskedError(Exception):
    """Carries where boto3 would have asked."""


def asked(service: str, region: str, bucket: str = "machines", **arguments: Any) -> Endpoint:
    """Where boto3 asks, without the part of the path that is the call's."""
    client: Any = boto3.client(service, region_name=region, **arguments)  # type: ignore[call-overload]  # any service
    method, call, rest = ASKS[service]

    def stop(request: Any, **_: Any) -> None:
        raise AskedError(request.url)

    client.meta.events.register("before-send", stop)
    call = {"Bucket": bucket} if service == "s3" else call
    with pytest.raises(AskedError) as told:
        getattr(client, method)(**call)
    client.close()
    parts = urlsplit(str(told.value))
    origin = f"{parts.scheme}://{parts.netloc}"
    path = parts.path.removesuffix(rest).rstrip("/")
    return Endpoint(origin.removesuffix(":443"), region, path)
