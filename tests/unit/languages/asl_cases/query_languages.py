"""Query languages, and the fields of each."""

from tests.unit.languages.asl_cases.case import (
    CATCHER,
    JSONATA,
    ONE_OF,
    OTHER,
    PASS,
    Case,
    at,
    choice,
    jsonata,
    of,
)

CASES = [
    *[
        Case(
            f"{field} in JSONata",
            jsonata("Task", **{field: "$.a"}),
            at("", OTHER.format("JSONata", field, "JSONPath")),
        )
        for field in (
            "InputPath",
            "OutputPath",
            "ResultPath",
            "Parameters",
            "ResultSelector",
            "TimeoutSecondsPath",
        )
    ],
    *[
        Case(
            f"{field} in JSONPath",
            of("Task", **{field: {}}),
            at("", OTHER.format("JSONPath", field, "JSONata")),
        )
        for field in ("Output", "Arguments")
    ],
    Case(
        "items in JSONPath",
        of("Map", Items=[1]),
        at("", OTHER.format("JSONPath", "Items", "JSONata")),
    ),
    Case(
        "a state back in JSONPath",
        jsonata("Pass", QueryLanguage="JSONPath"),
        at("", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"),
    ),
    Case("a state in JSONata", of("Pass", QueryLanguage="JSONata", Output="{% 1 %}"), []),
    Case(
        "a language that is neither counts as JSONata",
        of("Pass", QueryLanguage="foo", InputPath="$.a"),
        [
            *at("", OTHER.format("JSONata", "InputPath", "JSONPath")),
            *at("/QueryLanguage", ONE_OF.format("JSONPath, JSONata")),
        ],
    ),
    Case(
        "a Map's language is not its states'",
        of(
            "Map",
            QueryLanguage="JSONata",
            ItemProcessor={"StartAt": "P", "States": {"P": {**PASS, "Output": 1}}},
        ),
        at("/ItemProcessor/States/P", OTHER.format("JSONPath", "Output", "JSONata")),
    ),
    Case(
        "a condition in JSONPath",
        choice(Condition=True),
        at("/Choices[0]", OTHER.format("JSONPath", "Condition", "JSONata")),
    ),
    Case(
        "a variable in JSONata",
        of("Choice", JSONATA, Choices=[{"Variable": "$.a", "IsNull": True, "Next": "P"}]),
        at(
            "/Choices[0]",
            OTHER.format("JSONata", "Variable", "JSONPath"),
            OTHER.format("JSONata", "IsNull", "JSONPath"),
        ),
    ),
    Case(
        "a result path in a catcher of JSONata",
        jsonata("Task", Catch=[{**CATCHER, "ResultPath": "$.e"}]),
        at("/Catch[0]", OTHER.format("JSONata", "ResultPath", "JSONPath")),
    ),
]
