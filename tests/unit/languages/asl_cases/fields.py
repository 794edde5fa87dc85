"""Fields of each type of state."""

from tests.unit.languages.asl_cases.case import (
    BOOLEAN,
    CATCHER,
    EMPTY,
    END,
    GONE,
    JSONATA,
    LAMBDA,
    NEEDED,
    OBJECT,
    ONE,
    PART,
    PASS,
    RETRIER,
    TARGET,
    TEXT,
    Case,
    at,
    at_top,
    of,
    states,
)

CASES = [
    Case("next and end", of("Pass", Next="S"), at("", ONE.format("Next, End"))),
    Case("neither next nor end", of("Pass", End=GONE), [*at("", NEEDED.format("Next, End")), END]),
    Case(
        "next and an end that is false",
        states(A={"Type": "Pass", "Next": "B", "End": False}, B=PASS),
        [],
    ),
    Case("an end that is false", of("Pass", End=False), [END]),
    Case("an end that is no boolean", of("Pass", End="true"), [*at("/End", BOOLEAN), END]),
    Case("a next that is no text", of("Pass", End=GONE, Next=1), [*at("/Next", TEXT), END]),
    *[
        Case(
            f"{field} on {kind}",
            of(kind, **{field: value}),
            at("", f"Field '{field}' is not supported"),
        )
        for kind in ("Pass", "Wait", "Choice", "Succeed", "Fail", "Parallel", "Map")
        for field, value in (("TimeoutSeconds", 5), ("Resource", LAMBDA))
    ],
    *[
        Case(
            f"{field} on {kind}",
            of(kind, **{field: [rule]}),
            at("", f"Field '{field}' is not supported"),
        )
        for kind in ("Pass", "Wait", "Choice", "Succeed", "Fail")
        for field, rule in (("Catch", CATCHER), ("Retry", RETRIER))
    ],
    Case("next on Choice", of("Choice", Next="P"), at("", "Field 'Next' is not supported")),
    Case("end on Succeed", of("Succeed", End=True), at("", "Field 'End' is not supported")),
    Case("paths on Fail", of("Fail", InputPath="$"), at("", "Field 'InputPath' is not supported")),
    Case("a result on Task", of("Task", Result=1), at("", "Field 'Result' is not supported")),
    Case("no resource", of("Task", Resource=GONE), at("", "These fields are required: [Resource]")),
    Case(
        "no choices",
        of("Choice", Choices=GONE),
        [
            *at("", "These fields are required: [Choices]"),
            *at_top(TARGET, 'State "P" is not reachable.', "/States/P"),
        ],
    ),
    Case(
        "no branches",
        of("Parallel", Branches=GONE),
        at("", "These fields are required: [Branches]"),
    ),
    Case("empty branches", of("Parallel", Branches=[]), at("/Branches", EMPTY)),
    Case("a branch in a list", of("Parallel", Branches=[[PART]]), at("/Branches[0]", OBJECT)),
    Case(
        "no processor",
        of("Map", ItemProcessor=GONE),
        at("", NEEDED.format("ItemProcessor, Iterator")),
    ),
    Case(
        "two processors",
        of("Map", Iterator={"StartAt": "Q", "States": {"Q": PASS}}),
        at("", ONE.format("ItemProcessor, Iterator")),
    ),
    Case(
        "a language in a processor",
        of("Map", ItemProcessor={**PART, **JSONATA}),
        at("/ItemProcessor", "Field 'QueryLanguage' is not supported"),
    ),
    Case(
        "a language in a branch",
        of("Parallel", Branches=[{**PART, **JSONATA}]),
        at("/Branches[0]", "Field 'QueryLanguage' is not supported"),
    ),
]
