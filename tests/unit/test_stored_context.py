"""A large context comes back whole and as it was written, or it is an error."""

import hashlib
import json
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws

from cloudseam.stored_context import (
    MAX_STORED_BYTES,
    ContextBucket,
    ContextTooLargeError,
    ContextUnavailableError,
    StoredContext,
    parse_stored,
)
from tests.counted_calls import Calls, counted_calls

TEXT = json.dumps({"a": "x" * 1000})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="large")
        with counted_calls() as calls:
            yield calls


@pytest.fixture
def bucket(calls: Calls) -> ContextBucket:
    client = boto3.client("s3")
    return ContextBucket(lambda: client, "large", "team/contexts/")


def test_a_context_comes_back(bucket: ContextBucket, calls: Calls) -> None:
    stored = bucket.write("s", "token", TEXT)

    assert bucket.read("s", stored) == json.loads(TEXT)
    assert calls.taken() == {"PutObject": 1, "GetObject": 1}
    assert stored.bytes == len(TEXT)
    assert parse_stored(stored.as_json()) == stored


def test_the_key_has_the_prefix_and_digests_and_nothing_that_leads_elsewhere(
    bucket: ContextBucket,
) -> None:
    stored = bucket.write("../../s", "../a/../b c\n", TEXT)

    folder = hashlib.sha256(b"../../s").hexdigest()[:16]
    assert stored.key == f"team/contexts/{folder}/..-a-..-b-c--{stored.sha256[:16]}"


def test_other_content_of_the_same_attempt_overwrites_nothing(bucket: ContextBucket) -> None:
    first = bucket.write("s", "token", TEXT)
    second = bucket.write("s", "token", '{"other":1}')

    assert first.key != second.key
    assert bucket.read("s", first) == json.loads(TEXT)


@pytest.mark.parametrize(
    "content", [TEXT[:-1], TEXT + " ", TEXT.replace("x", "y"), ""], ids=["cut", "more", "other", ""]
)
def test_what_is_not_what_was_written_is_refused(content: str, bucket: ContextBucket) -> None:
    stored = bucket.write("s", "token", TEXT)
    boto3.client("s3").put_object(Bucket="large", Key=stored.key, Body=content.encode())

    with pytest.raises(ContextUnavailableError, match="is not what was written") as refused:
        bucket.read("s", stored)

    assert "x" * 10 not in str(refused.value)


def test_what_is_gone_is_an_error_with_its_code(bucket: ContextBucket) -> None:
    stored = bucket.write("s", "token", TEXT)
    bucket.delete("s", stored.key)

    with pytest.raises(ContextUnavailableError, match="NoSuchKey"):
        bucket.read("s", stored)


@pytest.mark.parametrize("operation", ["read", "delete"])
@pytest.mark.parametrize("key", ["machines/life.yml", "team/contexts/{other}/token", "{own}"])
def test_a_key_of_something_else_is_not_touched(
    key: str, operation: str, bucket: ContextBucket, calls: Calls
) -> None:
    digest = hashlib.sha256(b"other").hexdigest()[:16]
    own = f"team/contexts/{hashlib.sha256(b's').hexdigest()[:16]}"
    key = key.format(other=digest, own=own)

    asked: dict[str, Callable[[], object]] = {
        "read": lambda: bucket.read("s", StoredContext(key, 1, "0" * 64)),
        "delete": lambda: bucket.delete("s", key),
    }

    with pytest.raises(ContextUnavailableError, match="does not lie where"):
        asked[operation]()

    assert calls.taken() == {}


def test_more_bytes_than_any_context_has_are_not_asked_for(
    bucket: ContextBucket, calls: Calls
) -> None:
    with pytest.raises(ContextUnavailableError, match="larger than any"):
        bucket.read("s", StoredContext("team/contexts/x", MAX_STORED_BYTES + 1, ""))

    assert calls.taken() == {}


def test_a_context_beyond_all_measure_is_refused(bucket: ContextBucket, calls: Calls) -> None:
    with pytest.raises(ContextTooLargeError, match="at most 20000000 can be kept"):
        bucket.write("s", "token", "x" * (MAX_STORED_BYTES + 1))

    assert calls.taken() == {}


@pytest.mark.parametrize("operation", ["PutObject", "GetObject", "DeleteObject"])
def test_what_s3_refuses_is_told_by_its_code(
    operation: str, bucket: ContextBucket, calls: Calls
) -> None:
    stored = bucket.write("s", "token", TEXT)
    calls.refuse(operation)

    asked: dict[str, Callable[[], object]] = {
        "PutObject": lambda: bucket.write("s", "other", TEXT),
        "GetObject": lambda: bucket.read("s", stored),
        "DeleteObject": lambda: bucket.delete("s", stored.key),
    }

    with pytest.raises(ContextUnavailableError, match="bucket 'large': InternalError"):
        asked[operation]()


def test_without_a_bucket_the_setting_is_named(calls: Calls) -> None:
    nowhere = ContextBucket(lambda: boto3.client("s3"), None)

    with pytest.raises(ContextTooLargeError, match=r"1009 bytes .* CONTEXT_BUCKET"):
        nowhere.write("s", "token", TEXT)
    with pytest.raises(ContextUnavailableError, match="CONTEXT_BUCKET"):
        nowhere.read("s", StoredContext("k", 1, ""))


@pytest.mark.parametrize(
    "value",
    [{}, {"key": "k", "bytes": "1", "sha256": "0"}, {"key": "k", "bytes": True, "sha256": "0"}],
)
def test_a_reference_that_is_none_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ContextUnavailableError, match="cannot be read"):
        parse_stored(value)
