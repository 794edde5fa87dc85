"""YAML is read as version 1.2 says, and every value knows where it is written."""

import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cloudseam.event import Json
from cloudseam.languages.report import Report
from cloudseam.languages.yaml_source import parse_yaml
from cloudseam.languages.yaml_tree import MappingNode, Node, plain

PARSERS = [yaml.CSafeLoader, yaml.SafeLoader]


@pytest.fixture(params=PARSERS, ids=["C", "Python"])
def parser(request: pytest.FixtureRequest) -> type:
    kind: type = request.param
    return kind


def tree_of(text: str | bytes, parser: type = yaml.CSafeLoader) -> Node:
    report = Report("m.yml")
    node = parse_yaml(text, report, parser)
    assert not report.findings
    assert node is not None
    return node


def value_of(text: str | bytes, parser: type = yaml.CSafeLoader) -> Json:
    return plain(tree_of(text, parser))


SCALARS: dict[str, Json] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "on": "on",
    "ON": "ON",
    "off": "off",
    "yes": "yes",
    "NO": "NO",
    "y": "y",
    "tRUE": "tRUE",
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "nULL": "nULL",
    "1": 1,
    "-17": -17,
    "+5": 5,
    "010": 10,
    "0o10": 8,
    "0x1F": 31,
    "0b101": "0b101",
    "1_000": "1_000",
    "1:30": "1:30",
    "1.0": 1.0,
    "-.5": -0.5,
    "5.": 5.0,
    "1e3": 1000.0,
    "1E-2": 0.01,
    ".": ".",
    "--": "--",
    "1.2.3": "1.2.3",
    "1e": "1e",
    "12345678901234567890": 12345678901234567890,
    "2024-01-02": "2024-01-02",
    "2024-01-02T03:04:05Z": "2024-01-02T03:04:05Z",
    "=": "=",
    "'true'": "true",
    '"007"': "007",
    "''": "",
    "! 5": "5",
    "!!str 5": "5",
    "!!str": "",
    "!!int 5": 5,
    "!!float 5": 5.0,
    "!!bool true": True,
    "!!null ~": None,
}


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_means_what_the_core_schema_says(text: str, parser: type) -> None:
    value = value_of(f"a: {text}\n", parser)

    assert isinstance(value, dict)
    assert (type(value["a"]), value["a"]) == (type(SCALARS[text]), SCALARS[text])


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**37), 10**37)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_characters="\x7f")),
    lambda values: st.lists(values) | st.dictionaries(st.text("abc<&*!", min_size=1), values),
    max_leaves=20,
)


@given(value=JSON_VALUES.filter(lambda value: value is not None))
def test_json_is_read_as_json(value: Json) -> None:
    text = json.dumps(value)

    found = value_of(text)

    assert json.dumps(found, sort_keys=True) == json.dumps(json.loads(text), sort_keys=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: &x 1\nb: *x\n", {"a": 1, "b": 1}, id="an alias of a scalar"),
        pytest.param("a: &x [1, 2]\nb: *x\n", {"a": [1, 2], "b": [1, 2]}, id="an alias of a list"),
        pytest.param("&x a: *x\n", {"a": "a"}, id="an alias of a key"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}, id="the last anchor"),
        pytest.param(
            "a: &a {p: 1, q: 1}\nb: {<<: *a, q: 2, r: 2}\n",
            {"a": {"p": 1, "q": 1}, "b": {"q": 2, "r": 2, "p": 1}},
            id="own keys win over a merge before them",
        ),
        pytest.param(
            "a: &a {p: 1, q: 1}\nb: {q: 2, r: 2, <<: *a}\n",
            {"a": {"p": 1, "q": 1}, "b": {"q": 2, "r": 2, "p": 1}},
            id="and after them",
        ),
        pytest.param(
            "a: &a {p: 1}\nb: &b {p: 2, q: 2}\nc: {<<: [*a, *b]}\n",
            {"a": {"p": 1}, "b": {"p": 2, "q": 2}, "c": {"p": 1, "q": 2}},
            id="earlier merges win over later ones",
        ),
        pytest.param(
            "a: &a {p: 1}\nb: &b {<<: *a, q: 2}\nc: {<<: *b}\n",
            {"a": {"p": 1}, "b": {"q": 2, "p": 1}, "c": {"q": 2, "p": 1}},
            id="a merge of a merge",
        ),
        pytest.param("a: {<<: {p: 1}}\n", {"a": {"p": 1}}, id="a merge written out"),
        pytest.param("a: {<<: []}\n", {"a": {}}, id="a merge of none"),
        pytest.param("a: {'<<': 1}\n", {"a": {"<<": 1}}, id="a quoted sign is a key"),
        pytest.param(
            "a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}, id="blocks"
        ),
        pytest.param("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}, id="a directive and both markers"),
        pytest.param("on: {yes: no}\n", {"on": {"yes": "no"}}, id="keys that are no booleans"),
    ],
)
def test_anchors_and_merges_say_what_yaml_says(text: str, value: Json, parser: type) -> None:
    assert value_of(text, parser) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("﻿a: 1\nb: [x]\n", id="a byte order mark"),
        pytest.param("﻿a: 1\nb: [x]\n".encode(), id="a byte order mark in bytes"),
        pytest.param("a: 1\r\nb: [x]\r\n", id="Windows' line ends"),
        pytest.param("a: 1\rb: [x]\r", id="old line ends"),
        pytest.param("a: 1\nb:\n- x", id="no line end at the end"),
    ],
)
def test_files_of_any_editor_are_read(text: str | bytes, parser: type) -> None:
    assert value_of(text, parser) == {"a": 1, "b": ["x"]}


def test_a_value_knows_where_it_is_written_even_through_alias_and_merge(parser: type) -> None:
    tree = tree_of("x: &x\n  GO: [é]\ns:\n  on:\n    <<: *x\n", parser)

    assert isinstance(tree, MappingNode)
    states = tree.entries["s"].value
    assert isinstance(states, MappingNode)
    handlers = states.entries["on"].value
    assert isinstance(handlers, MappingNode)
    entry = handlers.entries["GO"]
    assert (entry.key_at, entry.value.at) == ((2, 3), (2, 7))


def test_columns_count_characters_and_not_bytes(parser: type) -> None:
    tree = tree_of("{ééé: 1, b: x}", parser)

    assert isinstance(tree, MappingNode)
    assert tree.entries["b"].value.at == (1, 13)


@given(text=st.floats(allow_nan=False, allow_infinity=False).map(repr))
def test_a_float_survives(text: str) -> None:
    value = value_of(f"[{text}]")

    assert isinstance(value, list)
    assert isinstance(value[0], float)
    assert math.isclose(value[0], float(text), rel_tol=0, abs_tol=0)
