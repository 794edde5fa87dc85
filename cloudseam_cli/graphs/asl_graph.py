"""The graph of a machine in Amazon States Language: states by type, inner machines beside them."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.jsonata_query import is_query, query_of
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.asl.rules.choices import OPERATORS
from cloudseam.languages.asl.rules.flow import is_terminal
from cloudseam_cli.graphs.graph import RUNS, Graph, GraphState, Transition

CAUGHT_LEGEND = "dashed: on an error that is caught"
INTEGRATION = ":states:::"
WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
# Characters of a condition or resource.
MAX_SHOWN = 40


def asl_graph(machine: AslMachine) -> Graph:
    """The states in the order of the file, those of an inner machine after the state it is in."""
    states: list[GraphState] = []
    transitions: list[Transition] = []
    for name, state, is_whole in _states(machine.definition):
        is_initial = is_whole and name == machine.definition["StartAt"]
        ends = is_whole and is_terminal(state)
        states.append(
            GraphState(name, actions=(_kind(state),), is_initial=is_initial, is_terminal=ends)
        )
        transitions += _transitions(name, state)
    return Graph(machine.name, tuple(states), tuple(transitions), CAUGHT_LEGEND)


def _states(
    machine: Mapping[str, Any], is_whole: bool = True
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for name, state in machine["States"].items():
        yield name, state, is_whole
        for _, inner in _inner(state):
            yield from _states(inner, is_whole=False)


def _inner(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The machines inside a state, each with what begins it."""
    for number, branch in enumerate(state.get("Branches", ()), 1):
        yield f"branch {number}", branch
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield "each item", state[field]


def _transitions(name: str, state: Mapping[str, Any]) -> Iterator[Transition]:
    """One for each target and kind, with all that leads there."""
    ways: dict[tuple[str, bool], list[str]] = {}
    for label, inner in _inner(state):
        ways.setdefault((inner["StartAt"], False), []).append(label)
    for rule in state.get("Choices", ()):
        ways.setdefault((rule["Next"], False), []).append(_cut(_condition(rule)))
    for field in ("Default", "Next"):
        if field in state:
            ways.setdefault((state[field], False), []).append(field)
    for catcher in state.get("Catch", ()):
        ways.setdefault((catcher["Next"], True), []).extend(catcher["ErrorEquals"])
    for (target, is_caught), events in ways.items():
        yield Transition(name, target, tuple(dict.fromkeys(events)), is_caught=is_caught)


def _kind(state: Mapping[str, Any]) -> str:
    """The type, and what a task calls or a wait waits for."""
    kind: str = state["Type"]
    if kind == "Task":
        resource: str = state["Resource"]
        return kind + RUNS + _cut(resource.partition(INTEGRATION)[2] or resource)
    for field in WAITS if kind == "Wait" else ():
        if field in state:
            unit = " s" if field == "Seconds" and not isinstance(state[field], str) else ""
            return kind + RUNS + _cut(f"{_operand(state[field])}{unit}")
    return kind


def _condition(rule: Mapping[str, Any]) -> str:
    if "Condition" in rule:
        return _operand(rule["Condition"])
    if "Not" in rule:
        return f"not ({_condition(rule['Not'])})"
    for field, word in (("And", " and "), ("Or", " or ")):
        if field in rule:
            return word.join(f"({_condition(each)})" for each in rule[field])
    operator = next(name for name in rule if name in OPERATORS)
    value = rule[operator]
    shown = value if operator.endswith("Path") else text_of(value)
    return f"{rule['Variable']} {operator} {shown}"


def _operand(value: Any) -> str:
    if is_query(value):
        return query_of(value)
    return value if isinstance(value, str) else text_of(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
