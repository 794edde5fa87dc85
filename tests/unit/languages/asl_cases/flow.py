"""Transitions."""

from tests.unit.languages.asl_cases.case import (
    CATCHER,
    END,
    LAMBDA,
    PASS,
    TARGET,
    Case,
    at_top,
    choice,
    of,
    states,
)

CASES = [
    Case(
        "a start that is not there",
        {"StartAt": "X", "States": {"A": PASS}},
        [
            *at_top(TARGET, "Missing 'Next' target: X", "/StartAt"),
            *at_top(TARGET, 'State "A" is not reachable.', "/States/A"),
        ],
    ),
    Case(
        "a next that is not there",
        states(A={"Type": "Pass", "Next": "X"}),
        [
            *at_top(TARGET, "Missing 'Next' target: X", "/States/A/Next"),
            END,
        ],
    ),
    Case(
        "targets are the same letter by letter",
        states(A={"Type": "Pass", "Next": "b"}, B=PASS),
        [
            *at_top(TARGET, "Missing 'Next' target: b", "/States/A/Next"),
            *at_top(TARGET, 'State "B" is not reachable.', "/States/B"),
        ],
    ),
    Case(
        "a default that is not there",
        of("Choice", Default="X"),
        at_top(TARGET, "Missing 'Next' target: X", "/States/S/Default"),
    ),
    Case(
        "a choice that is not there",
        choice(Variable="$.a", IsNull=True, Next="X"),
        [
            *at_top(TARGET, "Missing 'Next' target: X", "/States/S/Choices[0]/Next"),
            *at_top(TARGET, 'State "P" is not reachable.', "/States/P"),
        ],
    ),
    Case(
        "a catcher's target that is not there",
        of("Task", Catch=[{**CATCHER, "Next": "X"}]),
        at_top(TARGET, "Missing 'Next' target: X", "/States/S/Catch[0]/Next"),
    ),
    Case(
        "a circle", states(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}), [END]
    ),
    Case(
        "a circle, and an end that nothing leads to",
        states(A={"Type": "Pass", "Next": "A"}, B=PASS),
        at_top(TARGET, 'State "B" is not reachable.', "/States/B"),
    ),
    Case(
        "reached by a choice, a default and a catcher",
        states(
            A={
                "Type": "Task",
                "Resource": LAMBDA,
                "Next": "C",
                "Catch": [{**CATCHER, "Next": "D"}],
            },
            C={
                "Type": "Choice",
                "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "E"}],
                "Default": "F",
            },
            D=PASS,
            E=PASS,
            F={"Type": "Fail"},
        ),
        [],
    ),
    Case(
        "a slash in a name",
        {"StartAt": "A", "States": {"A": PASS, "b/c": PASS}},
        at_top(TARGET, 'State "b/c" is not reachable.', "/States/b/c"),
    ),
    Case(
        "out of a branch",
        of("Parallel", Branches=[{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "S"}}}]),
        [*at_top(TARGET, "Missing 'Next' target: S", "/States/S/Branches[0]/States/P/Next")],
    ),
    Case(
        "unreachable in a processor",
        of("Map", ItemProcessor={"StartAt": "P", "States": {"P": PASS, "Q": PASS}}),
        [*at_top(TARGET, 'State "Q" is not reachable.', "/States/S/ItemProcessor/States/Q")],
    ),
    Case(
        "a processor that begins nowhere",
        of("Map", ItemProcessor={"StartAt": "X", "States": {"P": PASS}}),
        [
            *at_top(TARGET, "Missing 'Next' target: X", "/States/S/ItemProcessor/StartAt"),
            *at_top(TARGET, 'State "P" is not reachable.', "/States/S/ItemProcessor/States/P"),
        ],
    ),
    Case(
        "a circle inside a branch",
        of("Parallel", Branches=[{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "P"}}}]),
        [],
    ),
]
