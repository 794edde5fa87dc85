"""Choice Rules."""

from tests.unit.languages.asl_cases.case import (
    BOOLEAN,
    EMPTY,
    LIST,
    NUMBER,
    OBJECT,
    ONE,
    REFERENCE,
    TARGET,
    TEXT,
    Case,
    at,
    at_top,
    choice,
    of,
)

CASES = [
    Case(
        "no rule",
        of("Choice", Choices=[]),
        [*at("/Choices", EMPTY), *at_top(TARGET, 'State "P" is not reachable.', "/States/P")],
    ),
    Case(
        "rules in an object",
        of("Choice", Choices={}),
        [*at("/Choices", LIST), *at_top(TARGET, 'State "P" is not reachable.', "/States/P")],
    ),
    Case(
        "a rule without next",
        of("Choice", Choices=[{"Variable": "$.a", "IsNull": True}], Default="P"),
        at("/Choices[0]", "These fields are required: [Next]"),
    ),
    Case(
        "a rule of nothing",
        choice(),
        at(
            "/Choices[0]",
            "The object must have only one of the following fields, [And, Or, "
            "Not, Variable, Condition]",
        ),
    ),
    Case(
        "a rule of two heads",
        choice(Variable="$.a", IsNull=True, Not={"Variable": "$.b", "IsNull": True}),
        at(
            "/Choices[0]",
            "The object must have only one of the following fields, [And, Or, "
            "Not, Variable, Condition]",
        ),
    ),
    Case(
        "two comparisons",
        choice(Variable="$.a", NumericEquals=1, IsNull=True),
        at("/Choices[0]", ONE.format("NumericEquals, IsNull")),
    ),
    Case(
        "an unknown comparison",
        choice(Variable="$.a", IsNull=True, StringMatchesPath="$.b"),
        at("/Choices[0]", "Field 'StringMatchesPath' is not supported"),
    ),
    *[
        Case(
            f"{operator} of {value!r}",
            choice(Variable="$.a", **{operator: value}),
            at(f"/Choices[0]/{operator}", message),
        )
        for operator, value, message in (
            ("StringEquals", 1, TEXT),
            ("StringMatches", None, TEXT),
            ("NumericEquals", "1", NUMBER),
            ("NumericLessThan", True, NUMBER),
            ("BooleanEquals", "true", BOOLEAN),
            ("TimestampEquals", "now", "String does not match RFC3339 timestamp"),
            ("IsPresent", 1, BOOLEAN),
            ("IsString", "true", BOOLEAN),
            ("NumericEqualsPath", 1, TEXT),
            ("NumericEqualsPath", "$.a[*]", REFERENCE),
        )
    ],
    Case(
        "rules inside rules",
        choice(
            And=[
                {"Or": [{"Variable": "$.a", "IsNull": True}]},
                {"Not": {"Variable": "$v", "StringEqualsPath": "$$.State.Name"}},
            ]
        ),
        [],
    ),
    Case("an empty And", choice(And=[]), at("/Choices[0]/And", EMPTY)),
    Case(
        "an And that is no list",
        choice(And={"Variable": "$.a", "IsNull": True}),
        at("/Choices[0]/And", LIST),
    ),
    Case("a Not that is a list", choice(Not=[]), at("/Choices[0]/Not", OBJECT)),
    Case(
        "next inside a rule",
        choice(And=[{"Variable": "$.a", "IsNull": True, "Next": "P"}]),
        at("/Choices[0]/And[0]", "Field 'Next' is not supported"),
    ),
    Case(
        "a rule that is no object",
        of("Choice", Choices=[1], Default="P"),
        at("/Choices[0]", OBJECT),
    ),
    Case(
        "a path as an operand",
        choice(Variable="$.a", StringEquals="$.b"),
        [
            "NO_PATH: Field value looks like a path, but field name does not end "
            "with 'Path' at /States/S/Choices[0]/StringEquals"
        ],
    ),
]
