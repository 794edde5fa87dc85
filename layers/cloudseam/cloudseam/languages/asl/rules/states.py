"""Rules of a state: the fields of each type, in each query language (spec, "States")."""

from dataclasses import replace

from cloudseam.languages.asl.rules import maps, tasks
from cloudseam.languages.asl.rules.choices import choices
from cloudseam.languages.asl.rules.errors import catch, retry
from cloudseam.languages.asl.rules.fields import (
    Field,
    Fields,
    check_fields,
    only_one,
    path_only,
    query_only,
)
from cloudseam.languages.asl.rules.jsonata import arguments, queries
from cloudseam.languages.asl.rules.paths import (
    json_path_or_null,
    own_reference,
    reference,
    reference_or_call,
    result_path,
)
from cloudseam.languages.asl.rules.scalars import (
    MAX_SECONDS,
    boolean,
    choice_of,
    decimal,
    integer,
    moment,
    text,
    told,
)
from cloudseam.languages.asl.rules.templates import assignment, result, template
from cloudseam.languages.asl.rules.value import JSONATA, JSONPATH, Rule, Setting, Value

LANGUAGES = (JSONPATH, JSONATA)


def check_state(value: Value, setting: Setting, machines: "Machines") -> None:
    """Judges one state. `machines` are the rules of what a state may hold: other machines."""
    if value.members() is None:
        return
    own = of_state(value, setting)
    kind = value.json.get("Type")
    if "Type" not in value.json:
        value.add("These fields are required: [Type]")
    elif not isinstance(kind, str) or kind not in FIELDS:
        value.at("Type").one_of(*FIELDS)
    else:
        fields = {**COMMON, **FIELDS[kind], **machines.get(kind, {})}
        check_fields(value, fields, own, REQUIRED.get(kind, ()))
        for pair in EXCLUSIVE.get(kind, ()):
            only_one(value, *pair)
        for names in NEEDED.get(kind, ()):
            only_one(value, *names, needed=True)
        _ends_or_goes_on(value, kind)
        tasks.beats_in_time(value)


def of_state(value: Value, setting: Setting) -> Setting:
    """The setting with the state's own query language.

    A machine in JSONata has no state in JSONPath. What is neither counts as JSONata.
    """
    said = value.json.get("QueryLanguage", setting.machine_language)
    if said == JSONPATH != setting.machine_language:
        value.add(
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            key="QueryLanguage",
        )
    return replace(setting, language=JSONPATH if said == JSONPATH else JSONATA)


def _ends_or_goes_on(value: Value, kind: str) -> None:
    if "Next" in FIELDS[kind]:
        if value.json.get("End", True) is not True and "Next" in value.json:
            return
        only_one(value, "Next", "End", needed=True)


Machines = dict[str, dict[str, Field]]

COMMON: Fields = {
    "Comment": Field(text),
    "QueryLanguage": Field(choice_of(*LANGUAGES)),
    "Type": Field(text),
}
GOES_ON: Fields = {"End": Field(boolean), "Next": Field(text)}
IN_AND_OUT: Fields = {
    "InputPath": path_only(json_path_or_null),
    "Output": query_only(queries),
    "OutputPath": path_only(json_path_or_null),
}
ASSIGNS: Fields = {"Assign": Field(assignment)}
PARAMETERS: Fields = {"Parameters": path_only(template), "ResultPath": path_only(result_path)}
ARGUMENTS: Fields = {"Arguments": query_only(arguments)}
RECOVERS: Fields = {
    "Catch": Field(catch),
    "ResultSelector": path_only(template),
    "Retry": Field(retry),
}


def _seconds(name: str, least: int) -> Fields:
    """A field of seconds, and its form with a path."""
    return {name: Field(integer(least, MAX_SECONDS)), f"{name}Path": path_only(reference)}


def _counted(name: str, rule: Rule) -> Fields:
    """A number of a Map, and its form with a path."""
    return {name: Field(rule), f"{name}Path": path_only(own_reference)}


FIELDS: dict[str, Fields] = {
    "Task": {
        **GOES_ON,
        **IN_AND_OUT,
        **ASSIGNS,
        **PARAMETERS,
        **ARGUMENTS,
        **RECOVERS,
        **_seconds("HeartbeatSeconds", 1),
        **_seconds("TimeoutSeconds", 1),
        "Credentials": Field(tasks.credentials),
        "Resource": Field(tasks.resource),
    },
    "Pass": {**GOES_ON, **IN_AND_OUT, **ASSIGNS, **PARAMETERS, "Result": path_only(result)},
    "Wait": {
        **GOES_ON,
        **IN_AND_OUT,
        **ASSIGNS,
        **_seconds("Seconds", 0),
        "Timestamp": Field(moment),
        "TimestampPath": path_only(reference),
    },
    "Choice": {**IN_AND_OUT, **ASSIGNS, "Choices": Field(choices), "Default": Field(text)},
    "Succeed": IN_AND_OUT,
    "Fail": {
        "Cause": Field(told),
        "CausePath": path_only(reference_or_call),
        "Error": Field(told),
        "ErrorPath": path_only(reference_or_call),
    },
    "Parallel": {**GOES_ON, **IN_AND_OUT, **ASSIGNS, **PARAMETERS, **ARGUMENTS, **RECOVERS},
    "Map": {
        **GOES_ON,
        **IN_AND_OUT,
        **ASSIGNS,
        **PARAMETERS,
        **RECOVERS,
        **_counted("MaxConcurrency", integer(0)),
        **_counted("ToleratedFailureCount", integer(0)),
        **_counted("ToleratedFailurePercentage", decimal(0.0, 100.0)),
        "ItemBatcher": Field(maps.item_batcher),
        "ItemReader": Field(maps.item_reader),
        "ItemSelector": Field(template),
        "Items": query_only(maps.items),
        "ItemsPath": path_only(reference),
        "Label": Field(maps.label),
        "ResultWriter": Field(maps.result_writer),
    },
}
REQUIRED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
NEEDED = {
    "Map": (("ItemProcessor", "Iterator"),),
    "Wait": (("SecondsPath", "Seconds", "TimestampPath", "Timestamp"),),
}
EXCLUSIVE = {
    "Fail": (("Error", "ErrorPath"), ("Cause", "CausePath")),
    "Map": (
        ("ItemSelector", "Parameters"),
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ),
    "Task": (
        ("HeartbeatSeconds", "HeartbeatSecondsPath"),
        ("TimeoutSeconds", "TimeoutSecondsPath"),
    ),
}
