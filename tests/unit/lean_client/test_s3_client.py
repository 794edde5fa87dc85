"""A bucket is found where it is, even if that is another region than the function's."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudseam.lean_client.channel import Channel, Means
from cloudseam.lean_client.credentials import Keys
from cloudseam.lean_client.endpoint import Endpoint, endpoint_of
from cloudseam.lean_client.exchange import Answer, Request
from cloudseam.lean_client.fault import UnreadableAnswerError
from cloudseam.lean_client.s3_client import S3Client
from cloudseam.patience import Patience

LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
PATIENCE = Patience(connect_timeout=1, read_timeout=1, attempts=1)


class World:
    """S3 in all regions, with one bucket in one of them."""

    def __init__(self, error: str, status: int, headers: Mapping[str, str], told: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self._error, self._status, self._headers, self._told = error, status, headers, told

    def ask(self, endpoint: Endpoint, request: Request) -> tuple[Answer, dict[str, Any]]:
        self.asked.append((endpoint.origin, request.target))
        if endpoint.region == "eu-west-1":
            return Answer(200, {}, LISTING), {}
        error = {"Code": self._error, "Message": "no", "Region": self._told}
        metadata = {"HTTPStatusCode": self._status, "HTTPHeaders": self._headers}
        response: Any = {"Error": error, "ResponseMetadata": metadata}
        raise ClientError(response, "ListObjectsV2")


ELSEWHERE = {
    "a redirect": World("PermanentRedirect", 301, {"x-amz-bucket-region": "eu-west-1"}, ""),
    "a signature for another region": World("AuthorizationHeaderMalformed", 400, {}, "eu-west-1"),
    "a region that was to be opted in": World(
        "IllegalLocationConstraintException", 400, {"x-amz-bucket-region": "eu-west-1"}, ""
    ),
    "a redirect without a code": World("307", 307, {"x-amz-bucket-region": "eu-west-1"}, ""),
}
NOWHERE = {
    "no region is told": World("PermanentRedirect", 301, {}, ""),
    "the same region is told": World(
        "PermanentRedirect", 301, {"x-amz-bucket-region": "us-east-1"}, ""
    ),
    "a region of no shape is told": World(
        "PermanentRedirect", 301, {"x-amz-bucket-region": "evil.example.com/"}, ""
    ),
    "it is another error": World("AccessDenied", 403, {"x-amz-bucket-region": "eu-west-1"}, ""),
}


def client(world: World, patch: pytest.MonkeyPatch, url: str | None = None) -> S3Client:
    patch.setattr(Channel, "ask", lambda channel, _, request: world.ask(channel.endpoint, request))
    means = Means(keys=lambda: Keys("AKIA", "secret"))
    return S3Client(endpoint_of("s3", "us-east-1", url), PATIENCE, means)


@pytest.mark.parametrize("what", ELSEWHERE)
def test_a_bucket_in_another_region_is_asked_there_from_then_on(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = ELSEWHERE[what]
    s3 = client(world, monkeypatch)

    for _ in range(2):
        s3.list_objects_v2(Bucket="machines")

    assert [origin for origin, _ in world.asked] == [
        "https://machines.s3.us-east-1.amazonaws.com",
        "https://machines.s3.eu-west-1.amazonaws.com",
        "https://machines.s3.eu-west-1.amazonaws.com",
    ]


@pytest.mark.parametrize("what", NOWHERE)
def test_other_errors_are_told_as_they_are(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = NOWHERE[what]

    with pytest.raises(ClientError):
        client(world, monkeypatch).list_objects_v2(Bucket="machines")

    assert len(world.asked) == 1


def test_an_endpoint_that_is_given_is_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("PermanentRedirect", 301, {"x-amz-bucket-region": "eu-west-1"}, "")

    with pytest.raises(ClientError):
        client(world, monkeypatch, "http://127.0.0.1:4566").list_objects_v2(Bucket="machines")

    assert [origin for origin, _ in world.asked] == ["http://127.0.0.1:4566"]


@pytest.mark.parametrize("method", ["put_object", "delete_object"])
def test_an_argument_that_it_does_not_know_is_refused(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World("", 200, {}, "")
    arguments = {"Bucket": "b", "Key": "k", "Body": b"", "IfNoneMatch": "*"}
    if method == "delete_object":
        del arguments["Body"]

    with pytest.raises(ValueError, match="IfNoneMatch"):
        getattr(client(world, monkeypatch), method)(**arguments)

    assert world.asked == []


DECLARING = {
    "entities": '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>',
    "a-file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "nothing": "<!DOCTYPE x>",
}


@pytest.mark.parametrize("declared", DECLARING.values(), ids=DECLARING)
def test_a_listing_that_declares_a_type_is_none(
    declared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who declares one has entities: to be expanded a billion times, or to be fetched."""
    bodies = [LISTING, declared.encode() + LISTING]
    monkeypatch.setattr(Channel, "ask", lambda *_: (Answer(200, {}, bodies.pop(0)), {}))
    s3 = S3Client(endpoint_of("s3", "us-east-1", None), PATIENCE, Means(lambda: Keys("AKIA", "k")))

    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0
    with pytest.raises(UnreadableAnswerError):
        s3.list_objects_v2(Bucket="bucket")
