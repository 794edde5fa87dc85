"""Machines and names of states."""

from tests.unit.languages.asl_cases.case import (
    EMPTY,
    END,
    LONG,
    OBJECT,
    ONE_OF,
    PART,
    PASS,
    SCHEMA,
    TARGET,
    TEXT,
    Case,
    at_top,
    of,
    states,
)

CASES = [
    Case("nothing in it", {}, at_top(SCHEMA, "These fields are required: [StartAt, States]")),
    Case("no States", {"StartAt": "A"}, at_top(SCHEMA, "These fields are required: [States]")),
    Case(
        "no StartAt",
        {"States": {"A": PASS}},
        at_top(SCHEMA, "These fields are required: [StartAt]"),
    ),
    Case("a list", [], at_top(SCHEMA, OBJECT)),
    Case("null", None, at_top(SCHEMA, OBJECT)),
    Case("a text", "A", at_top(SCHEMA, OBJECT)),
    Case("a number", 7, at_top(SCHEMA, OBJECT)),
    Case("an unknown field", of("Pass", {"X": 1}), at_top(SCHEMA, "Field 'X' is not supported")),
    Case(
        "another version",
        of("Pass", {"Version": "2"}),
        at_top(SCHEMA, ONE_OF.format("1.0"), "/Version"),
    ),
    Case("the version", of("Pass", {"Version": "1.0", "Comment": "c", "TimeoutSeconds": 9}), []),
    Case(
        "a time-out below 0",
        of("Pass", {"TimeoutSeconds": -1}),
        at_top(SCHEMA, "Minimum value is 0", "/TimeoutSeconds"),
    ),
    Case("a comment that is none", of("Pass", {"Comment": 1}), at_top(SCHEMA, TEXT, "/Comment")),
    Case(
        "another language",
        of("Pass", {"QueryLanguage": "jsonata"}),
        at_top(SCHEMA, ONE_OF.format("JSONPath, JSONata"), "/QueryLanguage"),
    ),
    Case(
        "a language that is no text",
        of("Pass", {"QueryLanguage": 5}),
        at_top(SCHEMA, TEXT, "/QueryLanguage"),
    ),
    Case(
        "a start that is no text",
        {"StartAt": ["A"], "States": {"A": PASS}},
        at_top(SCHEMA, TEXT, "/StartAt"),
    ),
    Case("states in a list", {"StartAt": "A", "States": [PASS]}, at_top(SCHEMA, OBJECT, "/States")),
    Case(
        "no state at all",
        {"StartAt": "A", "States": {}},
        [
            *at_top(SCHEMA, EMPTY, "/States"),
            *at_top(TARGET, "Missing 'Next' target: A", "/StartAt"),
            END,
        ],
    ),
    Case("a state that is no object", states(A=[]), [*at_top(SCHEMA, OBJECT, "/States/A"), END]),
    Case(
        "a state of no type",
        states(A={"End": True}),
        at_top(SCHEMA, "These fields are required: [Type]", "/States/A"),
    ),
    Case(
        "a state of another type",
        states(A={"Type": "Job", "End": True}),
        at_top(
            SCHEMA,
            ONE_OF.format("Task, Pass, Wait, Choice, Succeed, Fail, Parallel, Map"),
            "/States/A/Type",
        ),
    ),
    Case(
        "a type that is no text",
        states(A={"Type": [], "End": True}),
        at_top(SCHEMA, TEXT, "/States/A/Type"),
    ),
    Case(
        "a name of 81 characters",
        {"StartAt": LONG, "States": {LONG: PASS}},
        [
            f"INVALID_STATE_NAME: Invalid State name: State '{LONG}' exceeds the "
            "80-character limit "
            f"allowed by the service at /States/{LONG}"
        ],
    ),
    Case("a name of 80 characters", {"StartAt": LONG[1:], "States": {LONG[1:]: PASS}}, []),
    Case(
        "an empty name",
        {"StartAt": "", "States": {"": PASS}},
        ["INVALID_STATE_NAME: Invalid State name: the name is empty at /States/"],
    ),
    Case(
        "a name inside as outside",
        of("Parallel", Branches=[{"StartAt": "S", "States": {"S": PASS}}]),
        ["DUPLICATE_STATE_NAME: Duplicate State name: S at /States/S/Branches[0]/States/S"],
    ),
    Case(
        "a name in two branches",
        of("Parallel", Branches=[PART, PART]),
        ["DUPLICATE_STATE_NAME: Duplicate State name: P at /States/S/Branches[1]/States/P"],
    ),
]
