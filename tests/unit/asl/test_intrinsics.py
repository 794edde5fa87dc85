"""The 18 intrinsic functions, and their grammar."""

import re
from typing import Any

import pytest

from cloudseam.languages.asl.intrinsics import FUNCTIONS
from tests.asl_player import one_state, play

TOLD = {
    "text": "Hello",
    "array": [1, 2, 3, 2],
    "object": {"a": 1, "b": {"c": 2}},
    "other": {"b": 3},
    "null": None,
    "number": 4,
    "json": '{"a": [1]}',
    "in (brackets)": 5,
}


def result(call: str) -> Any:
    return play(one_state({"Type": "Pass", "Parameters": {"r.$": call}}), TOLD).output["r"]


def failure(call: str) -> str | None:
    return play(one_state({"Type": "Pass", "Parameters": {"r.$": call}}), TOLD).failure[0]


RESULTS = [
    ("States.Array()", []),
    ("States.Array($.number, 'x', true, null, -1.5)", [4, "x", True, None, -1.5]),
    ("States.ArrayPartition($.array, 3)", [[1, 2, 3], [2]]),
    ("States.ArrayContains($.array, 3)", True),
    ("States.ArrayContains($.array, '3')", False),
    ("States.ArrayContains(States.Array(true), 1)", False),
    ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
    ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
    ("States.ArrayRange(1, 0, 1)", []),
    ("States.ArrayGetItem($.array, 1)", 2),
    ("States.ArrayLength($.array)", 4),
    ("States.ArrayUnique($.array)", [1, 2, 3]),
    ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
    ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
    ("States.Format('{} is {}', $.text, $.number)", "Hello is 4"),
    ("States.Format('{}', $.object)", "{a=1, b={c=2}}"),
    ("States.Format('{} {} {}', $.null, true, $.array)", "null true [1, 2, 3, 2]"),
    (r"States.Format('it\'s \{\}')", "it's {}"),
    ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
    ("States.Hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
    ("States.JsonMerge($.object, $.other, false)", {"a": 1, "b": 3}),
    ("States.JsonToString($.object)", '{"a":1,"b":{"c":2}}'),
    ("States.MathAdd(111, -1)", 110),
    ("States.MathAdd(1.5, -1.5)", 1),
    ("States.MathRandom(3, 4)", 3),
    ("States.StringSplit('1,2+3', ',+')", ["1", "2", "3"]),
    ("States.StringSplit('a,,b', ',')", ["a", "b"]),
    ("States.StringToJson($.json)", {"a": [1]}),
    ("States.StringToJson('')", None),
    ("States.Array(States.Array(States.MathAdd(1, 2)))", [[3]]),
    ("States.Array( 1 ,\t2 )", [1, 2]),
    ("States.MathAdd($['in (brackets)'], $.array[0])", 6),
    ("States.ArrayGetItem($.array[?(@ > 1)], 0)", 2),
]
FAILURES = [
    "States.ArrayPartition($.array, 0)",
    "States.ArrayPartition($.text, 1)",
    "States.ArrayContains($.text, 'H')",
    "States.ArrayRange(1, 9, 0)",
    "States.ArrayRange(1, 1001, 1)",
    "States.ArrayRange('a', 2, 1)",
    "States.ArrayGetItem($.array, 9)",
    "States.ArrayGetItem($.array, -1)",
    "States.ArrayLength($.object)",
    "States.ArrayUnique($.number)",
    "States.Base64Encode($.number)",
    "States.Base64Decode('a')",
    "States.Format('{} {}', 1)",
    "States.Format('{}', 1, 2)",
    "States.Format($.number)",
    "States.Hash('x', 'SHA-0')",
    "States.JsonMerge($.object, $.other, true)",
    "States.JsonMerge($.object, $.array, false)",
    "States.JsonToString()",
    "States.MathAdd('1', 1)",
    "States.MathAdd(true, 1)",
    "States.MathRandom(2, 1)",
    "States.StringSplit($.number, ',')",
    "States.StringToJson('{')",
    "States.StringToJson('NaN')",
    "States.StringToJson('[1e999]')",
    f"States.StringToJson('{'[' * 9_000}')",
    f"States.StringToJson('{'[' * 99}{']' * 99}')",
    "States.UUID(1)",
    "States.Array(1",
    "States.Array(1,)",
    "States.Array('1)",
    "States.Nothing()",
]


@pytest.mark.parametrize(("call", "expected"), RESULTS)
def test_a_function_gives(call: str, expected: Any) -> None:
    found = result(call)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("call", FAILURES)
def test_a_function_refuses(call: str) -> None:
    assert failure(call) == "States.IntrinsicFailure"


def test_every_function_has_a_result_and_a_failure_here() -> None:
    named = {name for call, _ in RESULTS for name in re.findall(r"States\.\w+", call)}
    refused = {re.findall(r"States\.\w+", call)[0] for call in FAILURES}

    assert len(FUNCTIONS) == 18
    assert named | {"States.UUID"} == set(FUNCTIONS)
    assert refused - {"States.Nothing"} | {"States.Array"} == set(FUNCTIONS)


def test_an_id_is_random() -> None:
    one, other = result("States.UUID()"), result("States.UUID()")

    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one)
    assert one != other


def test_a_seed_gives_the_same_number_again() -> None:
    numbers = {result("States.MathRandom(1, 1000000, 7)") for _ in range(3)}

    assert len(numbers) == 1


def nested(levels: int) -> str:
    return "States.Array(" * levels + ")" * levels


def test_calls_are_nested_ten_levels_deep_at_most() -> None:
    assert result(nested(10)) is not None
    assert failure(nested(11)) == "States.IntrinsicFailure"


def test_a_path_that_leads_nowhere_is_no_failure_of_the_function() -> None:
    assert failure("States.ArrayLength($.missing)") == "States.Runtime"


@pytest.mark.parametrize(("length", "error"), [(10_000, None), (10_001, "States.IntrinsicFailure")])
def test_only_so_much_is_encoded(length: int, error: str | None) -> None:
    state = {"Type": "Pass", "Parameters": {"r.$": "States.Base64Encode($.text)"}}

    assert play(one_state(state), {"text": "x" * length}).failure[0] == error
