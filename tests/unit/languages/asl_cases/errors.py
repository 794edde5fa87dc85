"""Retriers and Catchers."""

from tests.unit.languages.asl_cases.case import (
    CATCHER,
    EMPTY,
    INTEGER,
    LIST,
    NUMBER,
    OBJECT,
    ONE_OF,
    REFERENCE,
    RETRIER,
    TEXT,
    Case,
    at,
    of,
)

CASES = [
    Case("no retrier, no catcher", of("Task", Retry=[], Catch=[]), []),
    Case(
        "a retrier with all",
        of(
            "Task",
            Retry=[
                {
                    **RETRIER,
                    "IntervalSeconds": 1,
                    "MaxAttempts": 0,
                    "BackoffRate": 1.0,
                    "MaxDelaySeconds": 9,
                    "JitterStrategy": "FULL",
                    "Comment": "c",
                }
            ],
        ),
        [],
    ),
    Case("retriers in an object", of("Task", Retry=RETRIER), at("/Retry", LIST)),
    Case("a retrier that is a text", of("Task", Retry=["States.ALL"]), at("/Retry[0]", OBJECT)),
    Case(
        "a retrier of no error",
        of("Task", Retry=[{}]),
        at("/Retry[0]", "These fields are required: [ErrorEquals]"),
    ),
    Case(
        "a retrier of an empty list",
        of("Task", Retry=[{"ErrorEquals": []}]),
        at("/Retry[0]/ErrorEquals", EMPTY),
    ),
    Case(
        "an error that is no text",
        of("Task", Catch=[{"ErrorEquals": [True], "Next": "S"}]),
        at("/Catch[0]/ErrorEquals[0]", TEXT),
    ),
    Case(
        "all with another",
        of("Task", Retry=[{"ErrorEquals": ["States.ALL", "E"]}]),
        at("/Retry[0]/ErrorEquals", "States.ALL must appear alone and at end of list"),
    ),
    Case(
        "all before another",
        of("Task", Catch=[CATCHER, {"ErrorEquals": ["E"], "Next": "S"}]),
        at("/Catch[0]/ErrorEquals", "States.ALL must appear alone and at end of list"),
    ),
    Case(
        "a catcher without next",
        of("Task", Catch=[RETRIER]),
        at("/Catch[0]", "These fields are required: [Next]"),
    ),
    Case(
        "a retrier's field in a catcher",
        of("Task", Catch=[{**CATCHER, "MaxAttempts": 1}]),
        at("/Catch[0]", "Field 'MaxAttempts' is not supported"),
    ),
    *[
        Case(
            f"{field} of {value!r}",
            of("Task", Retry=[{**RETRIER, field: value}]),
            at(f"/Retry[0]/{field}", message),
        )
        for field, value, message in (
            ("IntervalSeconds", 0, "Minimum value is 1"),
            ("IntervalSeconds", 1.5, INTEGER),
            ("MaxAttempts", -1, "Minimum value is 0"),
            ("MaxAttempts", 10**8, "Maximum value is 99999999"),
            ("BackoffRate", 0.5, "Minimum value is 1.0"),
            ("BackoffRate", "2", NUMBER),
            ("MaxDelaySeconds", 0, "Minimum value is 1"),
            ("MaxDelaySeconds", 31622401, "Maximum value is 31622400"),
            ("JitterStrategy", "SOME", ONE_OF.format("NONE, FULL")),
            ("JitterStrategy", None, TEXT),
        )
    ],
    Case(
        "a catcher with all",
        of("Task", Catch=[{**CATCHER, "ResultPath": None, "Assign": {"e.$": "$"}, "Comment": "c"}]),
        [],
    ),
    Case(
        "a catcher's result path",
        of("Task", Catch=[{**CATCHER, "ResultPath": "$.a[*]"}]),
        at("/Catch[0]/ResultPath", REFERENCE),
    ),
]
