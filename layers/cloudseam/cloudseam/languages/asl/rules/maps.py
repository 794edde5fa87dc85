"""Rules of the Map state's own parts (spec, "Map State"; developer guide, "Distributed mode")."""

import re
from dataclasses import replace

from cloudseam.languages.asl.diagnostic import DUPLICATE_LABEL_NAME, INVALID_LABEL_NAME
from cloudseam.languages.asl.rules.fields import (
    Field,
    check_fields,
    only_one,
    path_only,
    query_only,
)
from cloudseam.languages.asl.rules.jsonata import arguments, check_query, is_queried, queries
from cloudseam.languages.asl.rules.paths import own_reference
from cloudseam.languages.asl.rules.scalars import choice_of, integer, text, texts
from cloudseam.languages.asl.rules.tasks import EXPRESS
from cloudseam.languages.asl.rules.templates import template
from cloudseam.languages.asl.rules.value import Setting, Value

INLINE, DISTRIBUTED = "INLINE", "DISTRIBUTED"
STANDARD = "STANDARD"
MAX_LABEL = 40
# What no label has (developer guide, "Distributed Map state fields").
NOT_IN_LABEL = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"/\x00-\x1f\x7f-\x9f]")
MAX_ITEMS = 100_000_000
READERS = ("getObject", "listObjectsV2")
READER = re.compile(r"arn:[\w-]+:states:[\w-]*:[\w-]*:s3:(getObject|listObjectsV2)")
WRITER = re.compile(r"arn:[\w-]+:states:[\w-]*:[\w-]*:s3:putObject")


def label(value: Value, setting: Setting) -> None:
    """The name of a Map's runs."""
    name = value.text()
    if name is None:
        return
    start = f"Invalid Label name: Label '{name}'"
    if len(name) > MAX_LABEL:
        said = f"{start} exceeds the {MAX_LABEL}-character limit allowed by the service"
        value.add(said, INVALID_LABEL_NAME)
    elif not name or NOT_IN_LABEL.search(name):
        value.add(f"{start} contains invalid characters", INVALID_LABEL_NAME)
    if name in value.diagnosis.labels:
        value.add(f"Duplicate Label name: {name}", DUPLICATE_LABEL_NAME)
    value.diagnosis.labels.add(name)


def items(value: Value, setting: Setting) -> None:
    """What JSONata iterates over: a list, an object, or an expression."""
    if isinstance(value.json, list | dict):
        queries(value, setting)
    elif is_queried(value, setting):
        check_query(value)
    else:
        value.add("Expected value of type [ARRAY, OBJECT, STRING]")


def processor_config(value: Value, setting: Setting) -> None:
    """How the iterations are run."""
    members = value.members()
    if members is None:
        return
    mode = value.json.get("Mode", INLINE)
    fields = CONFIG if mode != INLINE else {"Mode": CONFIG["Mode"]}
    required = ("ExecutionType",) if mode == DISTRIBUTED else ()
    check_fields(value, fields, setting, required)


def inside(processor: Value, setting: Setting) -> Setting:
    """What the states of a processor are judged for: iterations may be executions of their own,
    which an Express execution cannot have."""
    config = processor.json.get("ProcessorConfig") if isinstance(processor.json, dict) else None
    if not isinstance(config, dict) or config.get("Mode") != DISTRIBUTED:
        return setting
    if setting.kind == EXPRESS:
        processor.at("ProcessorConfig").at("Mode").add(
            f"The field 'Mode' with value '{DISTRIBUTED}' is not supported inside '{EXPRESS}' "
            "state machines"
        )
    return replace(setting, kind=EXPRESS if config.get("ExecutionType") == EXPRESS else STANDARD)


def item_reader(value: Value, setting: Setting) -> None:
    """Where a distributed Map gets its items from."""
    check_fields(value, READER_FIELDS, setting, required=("Resource",))


def item_batcher(value: Value, setting: Setting) -> None:
    """How items are put together."""
    if check_fields(value, BATCHER_FIELDS, setting):
        only_one(value, "MaxItemsPerBatch", "MaxItemsPerBatchPath")
        only_one(value, "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")


def result_writer(value: Value, setting: Setting) -> None:
    """Where the results of a distributed Map go."""
    if not check_fields(value, WRITER_FIELDS, setting):
        return
    arguments = "Arguments" if setting.is_jsonata else "Parameters"
    if "Resource" in value.json and arguments not in value.json:
        value.add(f"These fields are required: [{arguments}]")
    elif not value.json:
        value.add("Value cannot be empty")


def _reader_resource(value: Value, setting: Setting) -> None:
    if value.text() is not None and not READER.fullmatch(value.json):
        examples = ", ".join(f"arn:<partition>:states:::s3:{call}" for call in READERS)
        value.add(
            f"The field 'Resource' does not match any of the allowed values. Examples: [{examples}]"
        )


def _writer_resource(value: Value, setting: Setting) -> None:
    if value.text() is not None and not WRITER.fullmatch(value.json):
        value.add(
            "The field 'Resource' does not match any of the allowed values. Examples: "
            "[arn:<partition>:states:::s3:putObject]"
        )


def _reader_config(value: Value, setting: Setting) -> None:
    if value.members() is None:
        return
    kind, where = value.json.get("InputType"), value.json.get("CSVHeaderLocation")
    fields = CONFIG_FIELDS | (CSV_FIELDS if kind in ("CSV", "MANIFEST") else {})
    required = ("CSVHeaders",) if kind == "CSV" and where == "GIVEN" else ()
    check_fields(value, fields, setting, required)
    only_one(value, "MaxItems", "MaxItemsPath")
    if kind == "CSV" and where is None:
        value.add("The field 'CSVHeaderLocation' is required")


def _writer_config(value: Value, setting: Setting) -> None:
    check_fields(value, WRITER_CONFIG_FIELDS, setting)


CONFIG = {
    "ExecutionType": Field(choice_of(STANDARD, EXPRESS)),
    "Mode": Field(choice_of(INLINE, DISTRIBUTED)),
}
CONFIG_FIELDS = {
    "InputType": Field(choice_of("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")),
    "ItemsPointer": Field(text),
    "ManifestType": Field(choice_of("ATHENA_DATA", "S3_INVENTORY")),
    "MaxItems": Field(integer(0, MAX_ITEMS)),
    "MaxItemsPath": path_only(own_reference),
    "Transformation": Field(choice_of("NONE", "LOAD_AND_FLATTEN")),
}
CSV_FIELDS = {
    "CSVDelimiter": Field(choice_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "CSVHeaderLocation": Field(choice_of("FIRST_ROW", "GIVEN")),
    "CSVHeaders": Field(texts),
}
READER_FIELDS = {
    "Arguments": query_only(arguments),
    "Parameters": path_only(template),
    "ReaderConfig": Field(_reader_config),
    "Resource": Field(_reader_resource),
}
BATCHER_FIELDS = {
    "BatchInput": Field(template),
    "MaxInputBytesPerBatch": Field(integer(0)),
    "MaxInputBytesPerBatchPath": path_only(own_reference),
    "MaxItemsPerBatch": Field(integer(0)),
    "MaxItemsPerBatchPath": path_only(own_reference),
}
WRITER_CONFIG_FIELDS = {
    "OutputType": Field(choice_of("JSON", "JSONL")),
    "Transformation": Field(choice_of("NONE", "COMPACT", "FLATTEN")),
}
WRITER_FIELDS = {
    "Arguments": query_only(arguments),
    "Parameters": path_only(template),
    "Resource": Field(_writer_resource),
    "WriterConfig": Field(_writer_config),
}
