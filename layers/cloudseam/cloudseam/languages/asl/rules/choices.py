"""Rules of the Choice state (spec, "Choice State")."""

from cloudseam.languages.asl.conditions import COMPARISONS, TYPE_TESTS
from cloudseam.languages.asl.rules.fields import (
    Field,
    add_other_language,
    check_fields,
    path_only,
    query_only,
)
from cloudseam.languages.asl.rules.jsonata import queries, query
from cloudseam.languages.asl.rules.paths import reference
from cloudseam.languages.asl.rules.scalars import boolean, moment, number, text, told
from cloudseam.languages.asl.rules.templates import assignment
from cloudseam.languages.asl.rules.value import Rule, Setting, Value

CONNECTIVES = ("And", "Or", "Not")
HEADS = (*CONNECTIVES, "Variable", "Condition")
OPERANDS: dict[str, Rule] = {
    "String": told,
    "Numeric": number,
    "Boolean": boolean,
    "Timestamp": moment,
}
WITHOUT_PATH = frozenset({"StringMatches"})


def choices(value: Value, setting: Setting) -> None:
    """A list of Choice Rules."""
    for rule in value.elements() or ():
        _rule(rule, setting, LAST)
        if isinstance(rule.json, dict) and "Next" not in rule.json:
            rule.add("These fields are required: [Next]")


def _rule(value: Value, setting: Setting, also: dict[str, Field]) -> None:
    """One rule, which may hold others; `also` are the fields that only the outermost has."""
    fields = {**RULE, **also}
    if not check_fields(value, fields, setting):
        return
    if sum(head in value.json for head in HEADS) != 1:
        listed = ", ".join(HEADS)
        value.add(f"The object must have only one of the following fields, [{listed}]")
    for name in value.json:
        if name in OPERATORS and setting.is_jsonata:
            add_other_language(value, name, setting)
    if "Variable" in value.json and not setting.is_jsonata:
        _one_operator(value)


def _one_operator(value: Value) -> None:
    found = [name for name in value.json if name in OPERATORS]
    if len(found) > 1:
        value.add(f"There should only be one of the following fields: [{', '.join(found)}]")
    elif not found:
        listed = ", ".join(OPERATORS)
        value.add(f"This object should have only one of the following fields: [{listed}]")


def _all_of(value: Value, setting: Setting) -> None:
    for rule in value.elements() or ():
        _rule(rule, setting, {})


def _not(value: Value, setting: Setting) -> None:
    _rule(value, setting, {})


def _condition(value: Value, setting: Setting) -> None:
    """True, false, or an expression."""
    if not isinstance(value.json, bool):
        query(value, setting)


def _operators() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for name in COMPARISONS:
        kind = next(kind for kind in OPERANDS if name.startswith(kind))
        found[name] = OPERANDS[kind]
        if name not in WITHOUT_PATH:
            found[f"{name}Path"] = reference
    return found | {name: boolean for name in (*TYPE_TESTS, "IsPresent")}


# All 39, with the rule of what each compares with.
OPERATORS = _operators()
RULE = {
    "And": path_only(_all_of),
    "Comment": Field(text),
    "Condition": query_only(_condition),
    "Not": path_only(_not),
    "Or": path_only(_all_of),
    "Variable": path_only(reference),
    **{name: Field(rule) for name, rule in OPERATORS.items()},
}
LAST = {"Assign": Field(assignment), "Next": Field(text), "Output": query_only(queries)}
