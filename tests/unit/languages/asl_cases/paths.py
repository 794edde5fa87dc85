"""Paths."""

from tests.unit.languages.asl_cases.case import (
    GONE,
    ONE,
    REFERENCE,
    ROOTLESS,
    TEXT,
    Case,
    at,
    choice,
    of,
)

CASES = [
    *[
        Case(f"the input path {path}", of("Pass", InputPath=path), [])
        for path in (
            "$",
            "$.a",
            "$$",
            "$$.Execution.Id",
            "$v",
            "$v.a[0]",
            "$.a[*].b",
            "$..a",
            "$.a[?(@.b > 1)]",
            None,
        )
    ],
    *[
        Case(
            f"no path: {path}",
            of("Pass", InputPath=path),
            at("/InputPath", "Value must be a valid JSONPath."),
        )
        for path in ("", "a", ".a", "()", "$.", "$[", "$...", "$$23", "$.a b")
    ],
    Case("an input path that is no text", of("Pass", InputPath=["$"]), at("/InputPath", TEXT)),
    *[
        Case(f"the result path {path}", of("Pass", ResultPath=path), [])
        for path in ("$", "$.a.b", "$.a[0]", "$['a b']", None)
    ],
    *[
        Case(f"no result path: {path}", of("Pass", ResultPath=path), at("/ResultPath", REFERENCE))
        for path in ("$.a[*]", "$..a", "$$.a", "$v", "$.a[0:2]", "$...")
    ],
    Case("a result path without a root", of("Pass", ResultPath="a"), at("/ResultPath", ROOTLESS)),
    Case(
        "a variable of a rule without a root",
        choice(Variable="States.ArrayLength($.a)", NumericEquals=0),
        at("/Choices[0]/Variable", ROOTLESS),
    ),
    Case(
        "seconds by an indefinite path",
        of("Wait", Seconds=GONE, SecondsPath="$.a[*]"),
        at("/SecondsPath", REFERENCE),
    ),
    Case(
        "seconds by the context object",
        of("Wait", Seconds=GONE, SecondsPath="$$.Execution.Input.s"),
        [],
    ),
    Case("items path of nothing", of("Map", ItemsPath=None), at("/ItemsPath", TEXT)),
    Case("items by the context object", of("Map", ItemsPath="$$.Execution.Input.i"), []),
    Case(
        "concurrency by the context object",
        of("Map", MaxConcurrencyPath="$$.Execution.Input.n"),
        at("/MaxConcurrencyPath", REFERENCE),
    ),
    Case(
        "an error by a call", of("Fail", ErrorPath="States.Format('{}', $.a)", CausePath="$.c"), []
    ),
    Case(
        "an error by a call that gives no text",
        of("Fail", ErrorPath="States.Array(1)"),
        at("/ErrorPath", "Value must be a valid JSONPath or a valid intrinsic function call"),
    ),
    Case(
        "an error twice",
        of("Fail", Error="e", ErrorPath="$.e"),
        at("", ONE.format("Error, ErrorPath")),
    ),
]
