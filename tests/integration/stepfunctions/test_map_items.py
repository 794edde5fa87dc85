"""Distributed Maps over objects of S3, by the server, as SDKs see them."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions
from task_satisfier.executors.states import item_reader
from tests.emulated import emulated_aws

ROLE = "arn:aws:iam::000000000000:role/r"
GET, LIST = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"
PUT = "arn:aws:states:::s3:putObject"
ROWS = "".join(f"{number}\n" for number in range(5))


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """The client of an S3 with one bucket."""
    with emulated_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        yield client


@pytest.fixture
def server(s3: Any) -> Iterator[LocalStepFunctions]:
    """A server whose services are those of this process."""
    server = LocalStepFunctions(0)
    server.start()
    yield server
    server.stop()


def run(server: LocalStepFunctions, reader: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Runs a Map over what the reader reads; what becomes of its execution."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemReader": reader, "End": True, **fields}
    state["ItemProcessor"] = {"ProcessorConfig": config, **inner}
    definition = json.dumps({"StartAt": "M", "States": {"M": state}})
    told = {"name": "m", "definition": definition, "roleArn": ROLE}
    arn = api.call(server.engine, "CreateStateMachine", told)["stateMachineArn"]
    start = {"stateMachineArn": arn, "name": "e"}
    execution = api.call(server.engine, "StartExecution", start)["executionArn"]
    server.engine.wait_for_end("m:e", 30)
    return api.call(server.engine, "DescribeExecution", {"executionArn": execution})


def items(server: LocalStepFunctions, reader: dict[str, Any], **fields: Any) -> Any:
    described = run(server, reader, **fields)
    assert described["status"] == "SUCCEEDED", described
    return json.loads(described["output"])


def of(key: str, **config: Any) -> dict[str, Any]:
    """A reader of one object."""
    return {
        "Resource": GET,
        "Parameters": {"Bucket": "bucket", "Key": key},
        "ReaderConfig": config,
    }


def test_pages_follow_each_other(
    server: LocalStepFunctions, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_reader, "PAGE_BYTES", 4)
    s3.put_object(Bucket="bucket", Key="numbers", Body=ROWS)

    assert items(server, of("numbers", InputType="JSONL")) == [0, 1, 2, 3, 4]


def test_so_many_items_are_read_over_all_pages(
    server: LocalStepFunctions, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_reader, "PAGE_BYTES", 4)
    s3.put_object(Bucket="bucket", Key="numbers", Body=ROWS)

    assert items(server, of("numbers", InputType="JSONL", MaxItems=3)) == [0, 1, 2]


def test_objects_are_listed_as_aws_tells_of_them(server: LocalStepFunctions, s3: Any) -> None:
    tags = [s3.put_object(Bucket="bucket", Key=f"listed/{n}", Body="x")["ETag"] for n in range(3)]
    reader = {
        "Resource": LIST,
        "Parameters": {"Bucket": "bucket", "Prefix": "listed/", "MaxKeys": 2},
    }

    found = items(server, reader)

    for item in found:
        assert isinstance(item.pop("LastModified"), int)
    assert found == [
        {"Etag": tag, "Key": f"listed/{n}", "Size": 1, "StorageClass": "STANDARD"}
        for n, tag in enumerate(tags)
    ]


def test_listed_objects_are_read_themselves(server: LocalStepFunctions, s3: Any) -> None:
    for number in range(2):
        s3.put_object(Bucket="bucket", Key=f"read/{number}", Body=f"[{number}, {number + 10}]")
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    reader = {"Resource": LIST, "Parameters": {"Bucket": "bucket", "Prefix": "read/"}}

    assert items(server, {**reader, "ReaderConfig": config}) == [0, 10, 1, 11]


def test_the_rows_of_an_inventory_are_items(server: LocalStepFunctions, s3: Any) -> None:
    manifest = {
        "destinationBucket": "arn:aws:s3:::bucket",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz"}, {"key": "data/2.csv.gz"}],
    }
    s3.put_object(Bucket="bucket", Key="manifest.json", Body=json.dumps(manifest))
    s3.put_object(Bucket="bucket", Key="data/1.csv.gz", Body=gzip.compress(b'"b","a+b","1"\n'))
    s3.put_object(Bucket="bucket", Key="data/2.csv.gz", Body=gzip.compress(b'"b","c","2"\n'))

    assert items(server, of("manifest.json", InputType="MANIFEST")) == [
        {"Bucket": "b", "Key": "a b", "Size": "1"},
        {"Bucket": "b", "Key": "c", "Size": "2"},
    ]


def test_a_manifest_of_athena_lists_files(server: LocalStepFunctions, s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="m.csv", Body="s3://bucket/l/1\ns3://bucket/l/2\n")
    s3.put_object(Bucket="bucket", Key="l/1", Body="1\n")
    s3.put_object(Bucket="bucket", Key="l/2", Body="2\n")

    assert items(server, of("m.csv", InputType="JSONL", ManifestType="ATHENA_DATA")) == [1, 2]


INVENTORY = json.dumps(
    {
        "destinationBucket": "arn:aws:s3:::bucket",
        "fileFormat": "CSV",
        "fileSchema": "Key",
        "files": [{"key": "x"}],
    }
)


@pytest.mark.parametrize(
    ("key", "body", "config", "cause"),
    [
        pytest.param("gone", None, {}, "The specified key does not exist", id="no object"),
        pytest.param("x", "{}", {"InputType": "MANIFEST"}, "no manifest", id="no manifest"),
        pytest.param("x", "<", {"InputType": "MANIFEST"}, "no JSON", id="no manifest at all"),
        pytest.param("x", INVENTORY, {"InputType": "MANIFEST"}, "no CSV: error", id="not packed"),
        pytest.param(
            "x",
            b"\xff",
            {"InputType": "JSONL", "ManifestType": "ATHENA_DATA"},
            "no CSV: UnicodeDecodeError",
            id="no list",
        ),
        pytest.param("x", "1", {"InputType": "JSON"}, "non-iterable", id="no array"),
    ],
)
def test_what_cannot_be_read_fails_the_map(
    server: LocalStepFunctions, s3: Any, key: str, body: str | bytes | None, config: Any, cause: str
) -> None:
    if body is not None:
        s3.put_object(Bucket="bucket", Key=key, Body=body)

    described = run(server, of(key, **config))

    assert (described["status"], described["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert cause in described["cause"]


def test_results_are_where_the_output_says(server: LocalStepFunctions, s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="numbers", Body="1\n2\n")
    writer = {"Resource": PUT, "Parameters": {"Bucket": "bucket", "Prefix": "out"}}

    output = items(server, of("numbers", InputType="JSONL"), ResultWriter=writer)

    def body(key: str) -> Any:
        return json.loads(s3.get_object(Bucket="bucket", Key=key)["Body"].read())

    manifest = body(output["ResultWriterDetails"]["Key"])
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    assert manifest["MapRunArn"] == output["MapRunArn"]
    assert s3.head_object(Bucket="bucket", Key=file["Key"])["ContentLength"] == file["Size"]
    assert [each["Output"] for each in body(file["Key"])] == ["1", "2"]


def test_results_that_cannot_be_written_fail_the_map(server: LocalStepFunctions, s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="numbers", Body="1\n")
    writer = {"Resource": PUT, "Parameters": {"Bucket": "no-such-bucket"}}

    described = run(server, of("numbers", InputType="JSONL"), ResultWriter=writer)

    assert (described["status"], described["error"]) == ("FAILED", "States.ResultWriterFailed")
    assert "The specified bucket does not exist" in described["cause"]
