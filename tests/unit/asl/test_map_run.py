"""Distributed Map: its items are read, batched and its results written by the outside."""

import json
from typing import Any

import pytest

from cloudseam.languages.asl.execution import Status
from cloudseam.languages.asl.states import result_writer
from cloudseam.languages.asl.states.iterations import MAX_WAITING_BYTES
from cloudseam.languages.asl.states.map_run import MOST_AT_ONCE
from cloudseam.persistence.row import MAX_MEMORY_BYTES
from tests.asl_player import Player, play

READ, PUT = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:putObject"
TASK = "arn:aws:states:::lambda:invoke"
READER = {"Resource": READ, "Parameters": {"Bucket": "b", "Key.$": "$.key"}}
WRITER = {"Resource": PUT, "Parameters": {"Bucket": "b", "Prefix": "results"}}
PASS = {"Type": "Pass", "End": True}
WORK = {"Type": "Task", "Resource": TASK, "End": True}
EXCEEDED = "The specified tolerated failure threshold was exceeded"


def mapped(inner: dict[str, Any] = PASS, **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, "StartAt": "I", "States": {"I": inner}}
    state = {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}
    return {"StartAt": "M", "States": {"M": state, "Caught": PASS}}


def page(*items: Any, after: int | None = None) -> dict[str, Any]:
    return {"items": list(items), "next": after}


def written(player: Player) -> dict[str, Any]:
    """Takes all files of a Map that writes, by the last part of their keys."""
    files = {}
    while player.open_tasks and player.open_tasks[0].resource == PUT:
        told = player.open_tasks[0].arguments
        files[told["Key"].rpartition("/")[2]] = told["Body"]
        player.succeed(None)
    return files


def test_items_are_asked_for_and_each_of_them_is_run() -> None:
    player = Player(mapped(ItemReader=READER), {"key": "k"})

    (asked,) = player.open_tasks
    assert asked.resource == READ
    assert asked.arguments == {"call": {"Bucket": "b", "Key": "k"}, "config": {"MaxItems": 0}}
    player.succeed(page(1, 2))

    assert player.output == [1, 2]
    assert player.types[1:5] == [
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
    ]
    assert player.events[2]["mapStateStartedEventDetails"] == {"length": 0}


def test_pages_are_asked_for_until_there_are_no_more() -> None:
    player = Player(mapped(ItemReader=READER), {"key": "k"})
    player.succeed(page(1, 2, after=2))

    assert player.open_tasks[0].arguments["next"] == 2
    player.succeed(page(3))

    assert player.output == [1, 2, 3]


def test_a_reader_of_jsonata_has_arguments_and_evaluates_its_config() -> None:
    reader = {
        "Resource": READ,
        "Arguments": {"Bucket": "{% $states.input.bucket %}"},
        "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 1 + 1 %}"},
    }
    player = Player({**mapped(ItemReader=reader), "QueryLanguage": "JSONata"}, {"bucket": "b"})

    assert player.open_tasks[0].arguments == {
        "call": {"Bucket": "b"},
        "config": {"InputType": "JSON", "MaxItems": 2},
    }


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({"MaxItems": 3}, 3, id="number"),
        pytest.param({"MaxItemsPath": "$.most"}, 7, id="path"),
    ],
)
def test_a_reader_says_how_many_items_it_wants(config: dict[str, Any], expected: int) -> None:
    reader = {**READER, "ReaderConfig": config}
    player = Player(mapped(ItemReader=reader), {"key": "k", "most": 7})

    assert player.open_tasks[0].arguments["config"]["MaxItems"] == expected


def test_fewer_than_no_items_cannot_be_read() -> None:
    reader = {**READER, "ReaderConfig": {"MaxItemsPath": "$.most"}}
    player = play(mapped(ItemReader=reader), {"key": "k", "most": -1})

    assert player.failure == ("States.ItemReaderFailed", "field MaxItems must be positive")
    assert player.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_items_that_cannot_be_read_fail_the_map_by_aws_s_name() -> None:
    player = Player(mapped(ItemReader=READER), {"key": "k"})
    player.fail("S3.NoSuchKeyException", "no such key")

    assert player.failure == ("States.ItemReaderFailed", "no such key")
    assert player.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert [event["previousEventId"] for event in player.events[-2:]] == [5, 6]


def test_it_can_be_caught_and_tried_again() -> None:
    names = ["States.ItemReaderFailed"]
    fields: dict[str, Any] = {
        "Retry": [{"ErrorEquals": names, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": names, "Next": "Caught"}],
    }
    player = Player(mapped(ItemReader=READER, **fields), {"key": "k"})
    player.fail("E", "once")
    player.wake()
    player.fail("E", "twice")

    assert player.output == {"Error": "States.ItemReaderFailed", "Cause": "twice"}
    assert player.types.count("MapRunFailed") == 2


def test_the_end_of_a_reader_s_time_is_its_failure() -> None:
    player = Player(mapped(ItemReader=READER), {"key": "k"})
    token = player.open_tasks[0].token

    assert player.apply(lambda interpreter: interpreter.time_out_task(token))
    assert player.failure[0] == "States.ItemReaderFailed"
    assert "TaskTimedOut" not in player.types


def test_more_items_than_an_execution_keeps_are_refused() -> None:
    large = "x" * 100_000
    player = Player(mapped(ItemReader=READER), {"key": "k"})
    for number in range(MAX_WAITING_BYTES // 100_000):
        player.succeed(page(large, after=number + 1))

    assert player.failure[0] == "States.ItemReaderFailed"


def test_selected_items_that_are_more_than_an_execution_keeps_are_refused() -> None:
    fields: dict[str, Any] = {"ItemsPath": "$.items", "ItemSelector": {"all.$": "$.large"}}
    player = play(mapped(WORK, **fields), {"items": list(range(7)), "large": "x" * 100_000})

    assert player.failure[0] == "States.DataLimitExceeded"


def test_fewer_run_at_once_when_their_inputs_are_large() -> None:
    player = Player(mapped(WORK), ["x" * 40_000] * 6)

    assert len(player.open_tasks) == 4
    player.succeed(1)
    assert len(player.open_tasks) == 4


def test_what_an_execution_keeps_of_a_map_fits_into_a_row_with_its_pieces() -> None:
    player = Player(mapped(WORK, ItemReader=READER, ResultWriter=WRITER), {"key": "k"})
    player.succeed(page(*["x" * 14_700] * 40))

    most = 0
    while player.execution.status is Status.RUNNING:
        most = max(most, len(json.dumps(player.execution.as_json())))
        is_work = player.open_tasks[0].resource == TASK
        player.succeed("y" * 6_000 if is_work else None)

    assert player.output["ResultWriterDetails"]["Bucket"] == "b"
    assert 1_000_000 < most < MAX_MEMORY_BYTES


def test_so_many_iterations_run_at_once() -> None:
    player = Player(mapped(WORK), list(range(MOST_AT_ONCE + 1)))

    assert len(player.open_tasks) == MOST_AT_ONCE


@pytest.mark.parametrize(
    ("batcher", "expected"),
    [
        pytest.param({"MaxItemsPerBatch": 2}, [["aa", "bb"], ["cc"]], id="items"),
        pytest.param({"MaxItemsPerBatchPath": "$.most"}, [["aa", "bb"], ["cc"]], id="path"),
        # {"Items":["aa","bb"]} has 21 bytes.
        pytest.param({"MaxInputBytesPerBatch": 21}, [["aa", "bb"], ["cc"]], id="bytes"),
        pytest.param({"MaxInputBytesPerBatch": 20}, [["aa"], ["bb"], ["cc"]], id="a byte less"),
        pytest.param({"MaxInputBytesPerBatchPath": "$.bytes"}, [["aa", "bb"], ["cc"]], id="paths"),
        pytest.param(
            {"MaxItemsPerBatch": 3, "MaxInputBytesPerBatch": 21}, [["aa", "bb"], ["cc"]], id="both"
        ),
        pytest.param({"MaxItemsPerBatch": 0}, [["aa", "bb", "cc"]], id="0 is no limit"),
    ],
)
def test_items_are_put_together(batcher: dict[str, Any], expected: list[list[str]]) -> None:
    told = {"items": ["aa", "bb", "cc"], "most": 2, "bytes": 21}
    output = play(mapped(ItemsPath="$.items", ItemBatcher=batcher), told).output

    assert output == [{"Items": batch} for batch in expected]


def test_each_batch_has_the_shared_input() -> None:
    batcher: dict[str, Any] = {"MaxItemsPerBatch": 2, "BatchInput": {"name.$": "$.name"}}
    told = {"items": [1, 2, 3], "name": "n"}

    assert play(mapped(ItemsPath="$.items", ItemBatcher=batcher), told).output == [
        {"BatchInput": {"name": "n"}, "Items": [1, 2]},
        {"BatchInput": {"name": "n"}, "Items": [3]},
    ]


def test_a_batcher_of_jsonata_evaluates_its_fields() -> None:
    batcher = {
        "MaxItemsPerBatch": "{% $count($states.input) - 1 %}",
        "BatchInput": {"n": "{% $count($states.input) %}"},
    }
    definition = {**mapped(ItemBatcher=batcher), "QueryLanguage": "JSONata"}

    assert play(definition, ["a", "b"]).output == [
        {"BatchInput": {"n": 2}, "Items": ["a"]},
        {"BatchInput": {"n": 2}, "Items": ["b"]},
    ]


def test_an_item_that_fits_into_no_batch_fails_the_map() -> None:
    player = play(mapped(ItemBatcher={"MaxInputBytesPerBatch": 20}), ["x" * 20])

    assert player.failure[0] == "States.DataLimitExceeded"


def test_a_batch_that_fails_is_so_many_items_that_failed() -> None:
    fields: dict[str, Any] = {"ItemBatcher": {"MaxItemsPerBatch": 2}, "ToleratedFailureCount": 1}
    player = Player(mapped(WORK, **fields), [1, 2, 3])
    player.fail("E")

    assert player.failure == ("States.ExceedToleratedFailureThreshold", EXCEEDED)


def test_results_are_written_and_the_output_says_where() -> None:
    player = Player(mapped(ResultWriter=WRITER, Label="L"), ["a", "b"])
    arn = player.events[3]["mapRunStartedEventDetails"]["mapRunArn"]
    name = arn.rpartition(":")[2]

    first = player.open_tasks[0].arguments
    assert (first["Bucket"], first["Key"]) == ("b", f"results/{name}/SUCCEEDED_0.json")
    files = written(player)

    assert arn.endswith(f":mapRun:machine/L:{name}")
    assert player.output == {
        "MapRunArn": arn,
        "ResultWriterDetails": {"Bucket": "b", "Key": f"results/{name}/manifest.json"},
    }
    assert json.loads(files["manifest.json"]) == {
        "DestinationBucket": "b",
        "MapRunArn": arn,
        "ResultFiles": {
            "FAILED": [],
            "PENDING": [],
            "SUCCEEDED": [{"Key": first["Key"], "Size": len(files["SUCCEEDED_0.json"])}],
        },
    }
    records = json.loads(files["SUCCEEDED_0.json"])
    assert [record["Output"] for record in records] == ['"a"', '"b"']
    assert records[0] == {
        "ExecutionArn": f"arn:aws:states:us-east-1:111111111111:execution:machine/L:{name}-0",
        "Input": '"a"',
        "InputDetails": {"Included": True},
        "Name": f"{name}-0",
        "Output": '"a"',
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": "2023-11-14T22:13:20.000Z",
        "StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:machine/L",
        "Status": "SUCCEEDED",
        "StopDate": "2023-11-14T22:13:20.000Z",
    }


def test_what_failed_is_written_apart() -> None:
    player = Player(mapped(WORK, ResultWriter=WRITER, ToleratedFailureCount=1), ["a", "b"])
    player.fail("E", "why")
    player.succeed("B")
    files = written(player)

    assert player.execution.status is Status.SUCCEEDED
    (failed,) = json.loads(files["FAILED_0.json"])
    assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "E", "why")
    (succeeded,) = json.loads(files["SUCCEEDED_0.json"])
    assert succeeded["Output"] == '"B"'


def test_results_of_a_map_that_fails_are_written_too() -> None:
    player = Player(mapped(WORK, ResultWriter=WRITER, MaxConcurrency=3), ["a", "b", "c", "d"])
    player.succeed("A")
    player.fail("E", "why")
    del player.open_tasks[:2]  # of those that are ended
    files = written(player)

    assert player.failure == ("States.ExceedToleratedFailureThreshold", EXCEEDED)
    assert player.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    told = {
        name: [record["Status"] for record in json.loads(body)]
        for name, body in files.items()
        if name != "manifest.json"
    }
    assert told == {
        "FAILED_0.json": ["FAILED", "ABORTED", "ABORTED"],
        "SUCCEEDED_0.json": ["SUCCEEDED"],
    }


def test_a_map_that_failed_is_not_saved_by_other_limits_while_it_is_written() -> None:
    player = Player(mapped(WORK, ResultWriter=WRITER, MaxConcurrency=1), ["a", "b"])
    player.fail("E")
    (arn,) = player.execution.map_runs
    other = {"toleratedFailureCount": 9}

    assert player.apply(lambda interpreter: interpreter.change_map_run(arn, other))
    written(player)

    assert player.failure == ("States.ExceedToleratedFailureThreshold", EXCEEDED)


def test_items_that_were_not_begun_are_written_as_pending() -> None:
    player = Player(mapped(WORK, ResultWriter=WRITER, MaxConcurrency=1), ["a", "b"])
    player.fail("E")
    files = written(player)

    (pending,) = json.loads(files["PENDING_0.json"])
    assert (pending["Status"], pending["Input"]) == ("PENDING", '"b"')
    assert "StartDate" not in pending


def test_results_that_cannot_be_written_fail_the_map() -> None:
    player = Player(mapped(ResultWriter=WRITER), ["a"])
    player.fail("S3.NoSuchBucketException", "no such bucket")

    assert player.failure == ("States.ResultWriterFailed", "no such bucket")
    assert player.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_file_has_no_more_than_a_message_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_writer, "MAX_FILE_BYTES", 1000)
    player = Player(mapped(ResultWriter=WRITER), ["x" * 100] * 3)

    files = written(player)

    assert [name for name in files if name.startswith("SUCCEEDED")] == [
        f"SUCCEEDED_{number}.json" for number in range(3)
    ]
    listed = json.loads(files["manifest.json"])["ResultFiles"]["SUCCEEDED"]
    assert [each["Size"] for each in listed] == [
        len(files[f"SUCCEEDED_{number}.json"]) for number in range(3)
    ]


def test_what_a_file_has_is_counted_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_writer, "MAX_FILE_BYTES", 1000)
    writer = {**WRITER, "WriterConfig": {"Transformation": "COMPACT"}}
    player = Player(mapped(ResultWriter=writer), ["😀" * 100] * 3)

    files = written(player)

    sizes = [len(text.encode()) for name, text in files.items() if name.startswith("SUCCEEDED")]
    assert sizes == [2 * 402 + 3, 402 + 2]


@pytest.mark.parametrize(
    ("config", "name", "body"),
    [
        pytest.param({"Transformation": "COMPACT"}, "SUCCEEDED_0.json", "[[1,2],3]", id="compact"),
        pytest.param({"Transformation": "FLATTEN"}, "SUCCEEDED_0.json", "[1,2,3]", id="flatten"),
        pytest.param(
            {"Transformation": "COMPACT", "OutputType": "JSONL"},
            "SUCCEEDED_0.jsonl",
            "[1,2]\n3\n",
            id="lines",
        ),
    ],
)
def test_a_writer_may_shape_what_it_writes(config: dict[str, Any], name: str, body: str) -> None:
    player = Player(mapped(ResultWriter={**WRITER, "WriterConfig": config}), [[1, 2], 3])

    assert written(player)[name] == body


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({"Transformation": "COMPACT"}, [[1, 2], 3], id="compact"),
        pytest.param({"Transformation": "FLATTEN"}, [1, 2, 3], id="flatten"),
        pytest.param({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "1\n2\n3\n", id="lines"),
    ],
)
def test_a_writer_without_a_resource_shapes_the_output(
    config: dict[str, Any], expected: Any
) -> None:
    assert play(mapped(ResultWriter={"WriterConfig": config}), [[1, 2], 3]).output == expected


def test_unshaped_it_has_the_records() -> None:
    writer = {"WriterConfig": {"Transformation": "NONE"}}

    (record,) = play(mapped(ResultWriter=writer), ["a"]).output

    assert (record["Status"], record["Output"]) == ("SUCCEEDED", '"a"')


def test_results_beyond_what_an_execution_keeps_fail_the_map() -> None:
    player = Player(mapped(WORK, ResultWriter=WRITER, MaxConcurrency=1), list(range(9)))
    while player.execution.status is Status.RUNNING:
        player.succeed("x" * 200_000)

    assert player.failure[0] == "States.DataLimitExceeded"
    assert player.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_page_that_comes_twice_is_late() -> None:
    player = Player(mapped(ItemReader=READER), {"key": "k"})
    token = player.open_tasks[0].token
    player.succeed(page(1))

    assert not player.apply(lambda interpreter: interpreter.succeed_task(token, page(2)))
    assert player.output == [1]
