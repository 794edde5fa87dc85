"""A client of S3: reads, lists, writes and removes objects.

The protocol: https://docs.aws.amazon.com/AmazonS3/latest/API/Type_API_Reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus, urlencode
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError, ParserCreate

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.lean_client.body import Body
from cloudseam.lean_client.channel import Channel, Dialect, Means
from cloudseam.lean_client.connection import forget_connections
from cloudseam.lean_client.endpoint import Endpoint, domain_of
from cloudseam.lean_client.exchange import Answer, Request
from cloudseam.lean_client.fault import (
    UnreadableAnswerError,
    bare_fault,
    fault_of,
    is_bare,
    metadata_of,
)
from cloudseam.lean_client.retry import Failure

if TYPE_CHECKING:
    from cloudseam.patience import Patience

# What boto3 calls the arguments, and what S3 does.
QUERY = {"ContinuationToken": "continuation-token", "MaxKeys": "max-keys", "Prefix": "prefix"}
CONDITIONS = {"IfMatch": "If-Match", "Range": "Range"}
LISTING = {"encoding-type": "url", "list-type": "2"}
BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", re.ASCII)
# With a host of its own; TLS certificates are for none with dots (S3 user guide, "Virtual hosting
# of buckets").
HOST_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", re.ASCII)
EXPRESS = "--x-s3"
ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
)
REDIRECTS = frozenset({301, 302, 307})


class UnknownBucketError(BotoCoreError):
    """A bucket with rules of its own: an access point, a directory bucket."""

    fmt = "Bucket '{bucket}' is of a kind that needs AWS_CLIENT=boto3."


class S3Client:
    """Has the methods of boto3's that CloudSeam uses, with the same arguments and answers."""

    def __init__(self, endpoint: Endpoint, patience: Patience, means: Means) -> None:
        self._endpoint = endpoint
        self._patience = patience
        self._means = means
        self._channels: dict[str, Channel] = {}

    def list_objects_v2(self, **arguments: Any) -> dict[str, Any]:
        """See the API reference, ListObjectsV2. Takes `Bucket` and what is in `QUERY`."""
        bucket = arguments.pop("Bucket")
        query = {QUERY[name]: str(value) for name, value in arguments.items()}
        text = urlencode({**query, **LISTING}, quote_via=quote, safe="-._~")
        answer, retries = self._ask("ListObjectsV2", bucket, Request("GET", f"?{text}"))
        return {**_page(answer.body), "ResponseMetadata": metadata_of(answer) | retries}

    def get_object(self, **arguments: str) -> dict[str, Any]:
        """See the API reference, GetObject. Takes `Bucket`, `Key` and what is in `CONDITIONS`."""
        bucket, key = arguments.pop("Bucket"), arguments.pop("Key")
        headers = {CONDITIONS[name]: value for name, value in arguments.items()}
        request = Request("GET", _target(key), headers, streams=True)
        answer, retries = self._ask("GetObject", bucket, request)
        body: Any = answer.stream  # there is one, as it was asked for
        return {
            "Body": Body(body),
            "ETag": answer.headers.get("etag", ""),
            "ContentLength": int(answer.headers.get("content-length", 0)),
            "ResponseMetadata": metadata_of(answer) | retries,
        }

    def put_object(self, **arguments: Any) -> dict[str, Any]:
        """See the API reference, PutObject. Takes `Bucket`, `Key` and `Body`, which is bytes.

        S3 checks the body against the digest in the signature.
        """
        bucket, key, body = (arguments.pop(name) for name in ("Bucket", "Key", "Body"))
        _refuse(arguments)
        answer, retries = self._ask("PutObject", bucket, Request("PUT", _target(key), body=body))
        etag = answer.headers.get("etag", "")
        return {"ETag": etag, "ResponseMetadata": metadata_of(answer) | retries}

    def delete_object(self, **arguments: str) -> dict[str, Any]:
        """See the API reference, DeleteObject. Takes `Bucket` and `Key`."""
        bucket, key = arguments.pop("Bucket"), arguments.pop("Key")
        _refuse(arguments)
        answer, retries = self._ask("DeleteObject", bucket, Request("DELETE", _target(key)))
        return {"ResponseMetadata": metadata_of(answer) | retries}

    def get_paginator(self, operation: str) -> _Pages:
        """For `list_objects_v2`."""
        if operation != "list_objects_v2":
            raise ValueError(f"{operation} has no pages")
        return _Pages(self)

    def close(self) -> None:
        """Lets go of connections, as before a snapshot; the next call opens others."""
        self._channels.clear()
        forget_connections()

    def _ask(self, operation: str, bucket: str, request: Request) -> tuple[Answer, dict[str, Any]]:
        """The bucket's answer, also where that is in another region than was thought."""
        channel = self._channels.get(bucket) or self._open(bucket, self._endpoint.region)
        try:
            return channel.ask(operation, _inside(channel.endpoint, request))
        except ClientError as error:
            region = _region_told_by(error)
            if self._endpoint.is_given or region in {None, channel.endpoint.region}:
                raise
        channel = self._open(bucket, str(region))
        return channel.ask(operation, _inside(channel.endpoint, request))

    def _open(self, bucket: str, region: str) -> Channel:
        endpoint = bucket_endpoint(bucket, region, self._endpoint)
        channel = Channel(Dialect("s3", _judge), endpoint, self._patience, self._means)
        self._channels[bucket] = channel
        return channel


class _Pages:
    """See boto3's paginators."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Each page, asked for when it is wanted."""
        while True:
            page = self._client.list_objects_v2(**arguments)
            yield page
            if not page["IsTruncated"]:
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]


def bucket_endpoint(bucket: str, region: str, service: Endpoint) -> Endpoint:
    """Where a bucket is reached: at a host of its own, or by a path of the endpoint given.

    Raises:
        UnknownBucketError: it is an access point or a directory bucket.
    """
    if not BUCKET_NAME.fullmatch(bucket) or bucket.endswith(EXPRESS):
        raise UnknownBucketError(bucket=bucket)
    if service.is_given:
        return replace(service, path=f"{service.path}/{bucket}")
    host = f"s3.{region}.{domain_of(region)}"
    if HOST_NAME.fullmatch(bucket):
        return Endpoint(f"https://{bucket}.{host}", region)
    return Endpoint(f"https://{host}", region, f"/{bucket}")


def _target(key: str) -> str:
    return "/" + quote(key, safe="/-._~")


def _refuse(arguments: Mapping[str, Any]) -> None:
    """An argument that is left out unseen would be an object other than was asked for."""
    if arguments:
        raise ValueError(f"The lean client does not take {', '.join(sorted(arguments))}")


def _inside(bucket: Endpoint, request: Request) -> Request:
    """The request for what lies in the bucket, as one to its endpoint."""
    target = bucket.path + request.target
    return replace(request, target=target if target.startswith("/") else f"/{target}")


def _judge(answer: Answer) -> Failure | None:
    if not answer.is_success:
        return _fault(answer)
    # S3 may find out that it cannot answer after it has said that it can.
    if b"<Error>" in answer.body and _tag(_tree(answer.body)) == "Error":
        return _fault(replace(answer, status=500))
    return None


def _fault(answer: Answer) -> dict[str, Any]:
    tree = None if is_bare(answer) else _tree(answer.body)
    if tree is None or _tag(tree) != "Error":
        return bare_fault(answer)
    told = {_tag(part): part.text or "" for part in tree}
    fault = fault_of(answer, {}, told.pop("Code", ""), told.pop("Message", ""))
    fault["Error"] |= told
    return fault


def _region_told_by(error: ClientError) -> str | None:
    """The region of the bucket, where the error is that it is in another one."""
    response: Any = error.response
    metadata, told = response["ResponseMetadata"], response["Error"]
    if told["Code"] not in ELSEWHERE and metadata["HTTPStatusCode"] not in REDIRECTS:
        return None
    region = metadata["HTTPHeaders"].get("x-amz-bucket-region") or told.get("Region")
    return region if region and domain_of(region) else None


def _page(body: bytes) -> dict[str, Any]:
    root = _tree(body)
    if root is None or _tag(root) != "ListBucketResult":
        raise UnreadableAnswerError(operation="ListObjectsV2")
    objects: list[dict[str, Any]] = []
    page: dict[str, Any] = {"IsTruncated": False}
    for part in root:
        match _tag(part):
            case "Contents":
                objects.append(_object({_tag(field): field.text or "" for field in part}))
            case "IsTruncated":
                page["IsTruncated"] = part.text == "true"
            case "NextContinuationToken":
                page["NextContinuationToken"] = part.text
    return {**page, "KeyCount": len(objects)} | ({"Contents": objects} if objects else {})


def _object(told: Mapping[str, str]) -> dict[str, Any]:
    key = unquote_plus(told["Key"])  # asked for encoded, as XML cannot have every character
    return {"Key": key, "ETag": told.get("ETag", ""), "Size": int(told.get("Size") or 0)}


def _tree(body: bytes) -> ElementTree.Element | None:
    """The body as XML; nothing where it is none, or declares a type, which no answer of S3 does.

    Without a type there are no entities, and so nothing to expand or to fetch.
    """
    builder, parser = ElementTree.TreeBuilder(), ParserCreate(namespace_separator="}")
    parser.StartDoctypeDeclHandler = _refuse_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(body, True)
    except ExpatError:
        return None
    return builder.close()


def _refuse_type(*declared: object) -> None:
    raise ExpatError("it declares a document type")


def _tag(part: ElementTree.Element | None) -> str:
    """The element's name without its namespace."""
    return "" if part is None else part.tag.rpartition("}")[2]
