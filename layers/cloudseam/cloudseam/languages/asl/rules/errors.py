"""Rules of Retriers and Catchers (spec, "Errors")."""

from cloudseam.languages.asl.failure import ALL
from cloudseam.languages.asl.rules.fields import Field, check_fields, path_only, query_only
from cloudseam.languages.asl.rules.jsonata import queries
from cloudseam.languages.asl.rules.paths import result_path
from cloudseam.languages.asl.rules.scalars import (
    MAX_SECONDS,
    choice_of,
    decimal,
    integer,
    text,
    texts,
)
from cloudseam.languages.asl.rules.templates import assignment
from cloudseam.languages.asl.rules.value import Setting, Value

# The most of `MaxDelaySeconds`: 366 days (spec, "Retrying after error").
MAX_DELAY = 31_622_400

RETRIER = {
    "BackoffRate": Field(decimal(1.0)),
    "Comment": Field(text),
    "ErrorEquals": Field(texts),
    "IntervalSeconds": Field(integer(1, MAX_SECONDS)),
    "JitterStrategy": Field(choice_of("NONE", "FULL")),
    "MaxAttempts": Field(integer(0, MAX_SECONDS)),
    "MaxDelaySeconds": Field(integer(1, MAX_DELAY)),
}
CATCHER = {
    "Assign": Field(assignment),
    "Comment": Field(text),
    "ErrorEquals": Field(texts),
    "Next": Field(text),
    "Output": query_only(queries),
    "ResultPath": path_only(result_path),
}


def retry(value: Value, setting: Setting) -> None:
    """A list of Retriers. What they say is said as it is, in JSONata too."""
    plain = Setting(setting.kind, setting.machine_language)
    retriers = value.elements(may_be_empty=True) or []
    for retrier in retriers:
        check_fields(retrier, RETRIER, plain, required=("ErrorEquals",))
    _all_is_last(retriers)


def catch(value: Value, setting: Setting) -> None:
    """A list of Catchers."""
    catchers = value.elements(may_be_empty=True) or []
    for catcher in catchers:
        check_fields(catcher, CATCHER, setting, required=("ErrorEquals", "Next"))
    _all_is_last(catchers)


def _all_is_last(values: list[Value]) -> None:
    """`States.ALL` stands alone, and last, since it leaves nothing for what comes after it."""
    for value in values:
        names = value.json.get("ErrorEquals") if isinstance(value.json, dict) else None
        if not isinstance(names, list) or ALL not in names:
            continue
        if len(names) > 1 or value is not values[-1]:
            value.at("ErrorEquals").add(f"{ALL} must appear alone and at end of list")
