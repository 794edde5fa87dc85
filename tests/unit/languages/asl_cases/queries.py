"""Expressions in JSONata."""

from tests.unit.languages.asl_cases.case import GONE, INTEGER, JSONATA, TEXT, Case, at, jsonata, of


def _query(text: str, code: str, message: str) -> Case:
    return Case(
        f"the expression {text!r}",
        jsonata("Pass", Output={"v": ["{% " + text + " %}"]}),
        [f"{code}: {message} at /States/S/Output/v[0]"],
    )


INVALID, UNSUPPORTED = "INVALID_JSONATA_EXPRESSION", "UNSUPPORTED_JSONATA_EXPRESSION"
CASES = [
    # The messages of these are Step Functions' own.
    _query("$a[1,2)", INVALID, 'Expected "]", got ","'),
    _query('"unterminated', INVALID, "String literal must be terminated by a matching quote"),
    _query("1 +", INVALID, "Unexpected end of expression"),
    _query('{"a":}', INVALID, 'The symbol "}" cannot be used as a unary operator'),
    _query("$x :=", INVALID, "Unexpected end of expression"),
    _query('$match("a", /abc', INVALID, "No terminating / in regular expression"),
    _query("", INVALID, "Unexpected end of expression"),
    _query("phone", UNSUPPORTED, "Reference to 'phone' at the top level is not supported."),
    _query("phone[0].a", UNSUPPORTED, "Reference to 'phone' at the top level is not supported."),
    _query("$sum([1, a.b])", UNSUPPORTED, "Reference to 'a' at the top level is not supported."),
    _query('{"a": b}', UNSUPPORTED, "Reference to 'b' at the top level is not supported."),
    _query("true ? -c : 1", UNSUPPORTED, "Reference to 'c' at the top level is not supported."),
    _query("$$", UNSUPPORTED, "Reference to '$$' at the top level is not supported."),
    _query("$.a", UNSUPPORTED, "Reference to '$' at the top level is not supported."),
    *[
        Case(f"the expression {text!r} is sound", jsonata("Pass", Output="{% " + text + " %}"), [])
        for text in (
            "$states.input.a[b = 1].c",
            "$map([1], function($v) { $v * 2 })",
            "($x := 1; $x)",
            "[1..3].($ * 2)",
            "$states.input.{'a': b}",
            "$states.input^(>price)",
            "1",
        )
    ],
    Case(
        "marks that are not closed",
        jsonata("Pass", Output="{% 1"),
        at("/Output", "JSONata string must start with {% and end with %}"),
    ),
    Case(
        "marks that overlap",
        jsonata("Pass", Output="{%}"),
        at("/Output", "JSONata string must start with {% and end with %}"),
    ),
    Case("a text in JSONata", jsonata("Pass", Output={"a": "$.b", "c.$": 1}), []),
    Case("expressions are texts in JSONPath", of("Pass", Parameters={"a": "{% 1 +"}), []),
    Case(
        "numbers by expressions",
        jsonata("Task", TimeoutSeconds="{% 9 %}", HeartbeatSeconds="{% 3 %}"),
        [],
    ),
    Case(
        "a number that is a text",
        jsonata("Task", TimeoutSeconds="9"),
        at("/TimeoutSeconds", INTEGER),
    ),
    Case("items by an expression", jsonata("Map", Items="{% [1] %}"), []),
    Case(
        "items of a text",
        jsonata("Map", Items="a"),
        at("/Items", "Expected value of type [ARRAY, OBJECT, STRING]"),
    ),
    Case(
        "conditions",
        of(
            "Choice",
            JSONATA,
            Choices=[
                {"Condition": "{% true %}", "Next": "P", "Output": 1, "Assign": {"a": 1}},
                {"Condition": False, "Next": "P"},
            ],
        ),
        [],
    ),
    Case(
        "a condition that is a text",
        of("Choice", JSONATA, Choices=[{"Condition": "true", "Next": "P"}]),
        at("/Choices[0]/Condition", "JSONata string must start with {% and end with %}"),
    ),
    Case(
        "a condition that is a number",
        of("Choice", JSONATA, Choices=[{"Condition": 1, "Next": "P"}]),
        at("/Choices[0]/Condition", TEXT),
    ),
    Case("a moment by an expression", jsonata("Wait", Seconds=GONE, Timestamp="{% $now() %}"), []),
    Case(
        "a role by an expression",
        jsonata("Task", Credentials={"RoleArn": "{% 1 + %}"}),
        [
            "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at "
            "/States/S/Credentials/RoleArn"
        ],
    ),
    Case(
        "a cause by an expression",
        jsonata("Fail", Cause="{% a %}"),
        [
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'a' at the top level "
            "is not supported. at /States/S/Cause"
        ],
    ),
    Case("arguments by an expression", jsonata("Task", Arguments="{% $states.input %}"), []),
    *[
        Case(
            f"arguments of {value!r}",
            jsonata("Task", Arguments=value),
            at("/Arguments", "Expected value of type [OBJECT, STRING]"),
        )
        for value in (None, True, 1, [1])
    ],
    Case(
        "arguments of a text",
        jsonata("Parallel", Arguments="x"),
        at("/Arguments", "JSONata string must start with {% and end with %}"),
    ),
]
