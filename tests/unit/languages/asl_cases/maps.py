"""Maps."""

from typing import Any

from tests.unit.languages.asl_cases.case import (
    DISTRIBUTED,
    EMPTY,
    EXPRESSION,
    OBJECT,
    ONE,
    ONE_OF,
    OTHER,
    PART,
    PASS,
    TEXT,
    Case,
    at,
    of,
    states,
)

READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}


def _map(**fields: Any) -> dict[str, Any]:
    return of("Map", **{"ItemProcessor": {"ProcessorConfig": DISTRIBUTED, **PART}, **fields})


def _reader(**config: Any) -> dict[str, Any]:
    return _map(ItemReader={**READER, "ReaderConfig": config})


def _label(name: str, message: str) -> Case:
    said = f"INVALID_LABEL_NAME: Invalid Label name: Label '{name}' {message} at /States/S/Label"
    return Case(f"the label {name!r}", _map(Label=name), [said])


CONFIG = "/ItemProcessor/ProcessorConfig"
CASES = [
    Case("inline", of("Map", ItemProcessor={**PART, "ProcessorConfig": {"Mode": "INLINE"}}), []),
    Case(
        "distributed",
        _map(Label="my-label", ToleratedFailurePercentage=0.5, ToleratedFailureCount=1),
        [],
    ),
    Case(
        "distributed in nothing",
        of("Map", ItemProcessor={**PART, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
        at(CONFIG, "These fields are required: [ExecutionType]"),
    ),
    Case(
        "inline in executions",
        of(
            "Map",
            ItemProcessor={
                **PART,
                "ProcessorConfig": {"Mode": "INLINE", "ExecutionType": "EXPRESS"},
            },
        ),
        at(CONFIG, "Field 'ExecutionType' is not supported"),
    ),
    Case(
        "another mode",
        of("Map", ItemProcessor={**PART, "ProcessorConfig": {"Mode": "X"}}),
        at(f"{CONFIG}/Mode", ONE_OF.format("INLINE, DISTRIBUTED")),
    ),
    Case(
        "another kind of execution",
        of("Map", ItemProcessor={**PART, "ProcessorConfig": {**DISTRIBUTED, "ExecutionType": "X"}}),
        at(f"{CONFIG}/ExecutionType", ONE_OF.format("STANDARD, EXPRESS")),
    ),
    Case(
        "a configuration that is no object",
        of("Map", ItemProcessor={**PART, "ProcessorConfig": []}),
        at(CONFIG, OBJECT),
    ),
    Case(
        "distributed in Express",
        _map(),
        at(
            f"{CONFIG}/Mode",
            "The field 'Mode' with value 'DISTRIBUTED' is not supported inside "
            "'EXPRESS' state machines",
        ),
        "EXPRESS",
    ),
    Case(
        "a call back in iterations of Express",
        of(
            "Map",
            ItemProcessor={
                "ProcessorConfig": {**DISTRIBUTED, "ExecutionType": "EXPRESS"},
                "StartAt": "T",
                "States": {
                    "T": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                        "End": True,
                    }
                },
            },
        ),
        at(
            "/ItemProcessor/States/T/Resource",
            "Express state machine does not support '.waitForTaskToken' service integration ",
        ),
    ),
    Case(
        "concurrency below 0",
        of("Map", MaxConcurrency=-1),
        at("/MaxConcurrency", "Minimum value is 0"),
    ),
    Case("any concurrency", of("Map", MaxConcurrency=2**63), []),
    Case(
        "two concurrencies",
        of("Map", MaxConcurrency=1, MaxConcurrencyPath="$.n"),
        at("", ONE.format("MaxConcurrency, MaxConcurrencyPath")),
    ),
    Case(
        "failures below 0 %",
        of("Map", ToleratedFailurePercentage=-0.1),
        at("/ToleratedFailurePercentage", "Minimum value is 0.0"),
    ),
    Case(
        "failures above 100 %",
        of("Map", ToleratedFailurePercentage=105),
        at("/ToleratedFailurePercentage", "Maximum value is 100.0"),
    ),
    Case(
        "two selectors",
        of("Map", Parameters={}, ItemSelector={}),
        at("", ONE.format("ItemSelector, Parameters")),
    ),
    Case(
        "a selector's expression",
        of("Map", ItemSelector={"a.$": "x"}),
        at("/ItemSelector", EXPRESSION.format("a.$")),
    ),
    _label("a b", "contains invalid characters"),
    _label("", "contains invalid characters"),
    _label("a\x9fb", "contains invalid characters"),
    _label("1" * 41, "exceeds the 40-character limit allowed by the service"),
    Case("a label that is no text", _map(Label=1), at("/Label", TEXT)),
    Case(
        "a label twice",
        states(
            A={"Type": "Map", "Label": "l", "ItemProcessor": PART, "Next": "B"},
            B={
                "Type": "Map",
                "Label": "l",
                "ItemProcessor": {"StartAt": "Q", "States": {"Q": PASS}},
                "End": True,
            },
        ),
        ["DUPLICATE_LABEL_NAME: Duplicate Label name: l at /States/B/Label"],
    ),
    Case("a reader", _reader(InputType="JSON", MaxItems=9), []),
    Case(
        "a reader of a list",
        _map(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {}}),
        [],
    ),
    Case(
        "a reader of nothing",
        _map(ItemReader={}),
        at("/ItemReader", "These fields are required: [Resource]"),
    ),
    Case(
        "a reader by another call",
        _map(ItemReader={"Resource": "arn:aws:states:::s3:x"}),
        at(
            "/ItemReader/Resource",
            "The field 'Resource' does not match any of the allowed values. "
            "Examples: [arn:<partition>:states:::s3:getObject, "
            "arn:<partition>:states:::s3:listObjectsV2]",
        ),
    ),
    Case(
        "a reader of another kind",
        _reader(InputType="XML"),
        at(
            "/ItemReader/ReaderConfig/InputType",
            ONE_OF.format("CSV, JSON, JSONL, PARQUET, MANIFEST"),
        ),
    ),
    Case(
        "a table",
        _reader(InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["a"], CSVDelimiter="TAB"),
        [],
    ),
    Case(
        "a table without headers",
        _reader(InputType="CSV"),
        at("/ItemReader/ReaderConfig", "The field 'CSVHeaderLocation' is required"),
    ),
    Case(
        "a table with headers to be given",
        _reader(InputType="CSV", CSVHeaderLocation="GIVEN"),
        at("/ItemReader/ReaderConfig", "These fields are required: [CSVHeaders]"),
    ),
    Case(
        "JSON with headers",
        _reader(InputType="JSON", CSVHeaderLocation="GIVEN"),
        at("/ItemReader/ReaderConfig", "Field 'CSVHeaderLocation' is not supported"),
    ),
    Case(
        "too many items",
        _reader(InputType="JSON", MaxItems=10**9),
        at("/ItemReader/ReaderConfig/MaxItems", "Maximum value is 100000000"),
    ),
    Case(
        "two numbers of items",
        _reader(InputType="JSON", MaxItems=1, MaxItemsPath="$.n"),
        at("/ItemReader/ReaderConfig", ONE.format("MaxItems, MaxItemsPath")),
    ),
    Case("a batcher", _map(ItemBatcher={"MaxItemsPerBatch": 9, "BatchInput": {"a.$": "$.b"}}), []),
    Case(
        "two numbers of a batch",
        _map(ItemBatcher={"MaxItemsPerBatch": 9, "MaxItemsPerBatchPath": "$.n"}),
        at("/ItemBatcher", ONE.format("MaxItemsPerBatch, MaxItemsPerBatchPath")),
    ),
    Case(
        "a batch below 0",
        _map(ItemBatcher={"MaxInputBytesPerBatch": -1}),
        at("/ItemBatcher/MaxInputBytesPerBatch", "Minimum value is 0"),
    ),
    Case(
        "a writer",
        _map(
            ResultWriter={
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "b"},
                "WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"},
            }
        ),
        [],
    ),
    Case("a writer of nothing", _map(ResultWriter={}), at("/ResultWriter", EMPTY)),
    Case(
        "a writer to nowhere",
        _map(ResultWriter={"Resource": "arn:aws:states:::s3:putObject"}),
        at("/ResultWriter", "These fields are required: [Parameters]"),
    ),
    Case(
        "a writer by another call",
        _map(ResultWriter={"Resource": "x", "Parameters": {}}),
        at(
            "/ResultWriter/Resource",
            "The field 'Resource' does not match any of the allowed values. "
            "Examples: [arn:<partition>:states:::s3:putObject]",
        ),
    ),
    Case(
        "a writer with arguments",
        _map(
            ResultWriter={
                "Resource": "arn:aws:states:::s3:putObject",
                "Arguments": {},
                "Parameters": {},
            }
        ),
        at("/ResultWriter", OTHER.format("JSONPath", "Arguments", "JSONata")),
    ),
]
