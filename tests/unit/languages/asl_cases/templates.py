"""Payload templates and variables."""

from tests.unit.languages.asl_cases.case import EXPRESSION, LONG, OBJECT, ONE, Case, at, of

CASES = [
    *[
        Case(f"an expression {text!r}", of("Pass", Parameters={"a.$": text}), [])
        for text in (
            "$",
            "$$.State.Name",
            "$v.b",
            "States.UUID()",
            r"States.Format('\'\{\}\\{}', $.a)",
            "States.Array(1, -2.5, true, null, 'x', $.a[0], States.UUID())",
        )
    ],
    *[
        Case(
            f"no expression {text!r}",
            of("Pass", Parameters={"a.$": text}),
            at("/Parameters", EXPRESSION.format("a.$")),
        )
        for text in (
            "",
            "x",
            23,
            None,
            [1],
            {"b": 1},
            "$$23",
            "States.Nothing()",
            "States.UUID(",
            "States.UUID() ()",
            "States.Format('a\\nb')",
            'States.Format("a")',
            "States.Array($.)",
            "states.UUID()",
        )
    ],
    Case(
        "an expression deep inside",
        of("Pass", Parameters={"a": [{"b": {"c.$": "x"}}]}),
        at("/Parameters/a[0]/b", EXPRESSION.format("c.$")),
    ),
    Case(
        "a field twice",
        of("Pass", Parameters={"a.$": "$.a", "a": 1}),
        at("/Parameters", ONE.format("a, a.$")),
    ),
    Case(
        "ten calls in each other",
        of("Pass", Parameters={"a.$": "States.Array(" * 10 + ")" * 10}),
        [],
    ),
    Case(
        "eleven calls in each other",
        of("Pass", Parameters={"a.$": "States.Array(" * 11 + ")" * 11}),
        at("/Parameters", EXPRESSION.format("a.$")),
    ),
    Case(
        "a path without .$",
        of("Pass", Parameters={"a": "$.b"}),
        [
            "NO_DOLLAR: No .$ on a field that appears to be a JSONPath or "
            "Intrinsic Function at /States/S/Parameters/a"
        ],
    ),
    Case(
        "a call without .$",
        of("Task", ResultSelector={"a": ["$.b", {"c": "States.UUID()"}]}),
        [
            "NO_DOLLAR: No .$ on a field that appears to be a JSONPath or "
            "Intrinsic Function at /States/S/ResultSelector/a[1]/c"
        ],
    ),
    Case(
        "a path in a result",
        of("Pass", Result={"a": [{"b.$": "$.c"}]}),
        [
            "PASS_RESULT_IS_STATIC: Attempt to use a path in the result of a "
            "pass state at /States/S/Result/a[0]/b.$"
        ],
    ),
    Case("any result", of("Pass", Result=None), []),
    Case(
        "a path as an error",
        of("Fail", Error="$.e"),
        [
            "NO_PATH: Field value looks like a path, but field name does not end "
            "with 'Path' at /States/S/Error"
        ],
    ),
    Case("parameters of any kind", of("Pass", Parameters=["a", 1]), []),
    Case("variables", of("Pass", Assign={"x": 1, "y.$": "$.a", "zÄ_9": {"b.$": "$$"}}), []),
    Case("no variables", of("Pass", Assign=[]), at("/Assign", OBJECT)),
    Case(
        "the variable states",
        of("Pass", Assign={"states.$": "$"}),
        [
            "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable "
            "'$states'. at /States/S/Assign"
        ],
    ),
    *[
        Case(
            f"the variable {name!r}",
            of("Pass", Assign={name: 1}),
            [
                f"INVALID_VARIABLE_NAME: Invalid variable name '{name}': the "
                "variable name contains invalid characters. at /States/S/Assign"
            ],
        )
        for name in ("", "1x", "a-b", "a b", "_a", "$a")
    ],
    Case(
        "a variable of 81 characters",
        of("Pass", Assign={LONG: 1}),
        [
            f"INVALID_VARIABLE_NAME: Invalid variable name '{LONG}': the variable "
            "name exceeds the 80-character limit. at /States/S/Assign"
        ],
    ),
]
