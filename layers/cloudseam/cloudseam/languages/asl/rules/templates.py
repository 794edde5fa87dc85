"""Rules of payload templates and variables (spec, "Payload Template", "Variables")."""

from cloudseam.languages.asl.diagnostic import (
    INVALID_VARIABLE_NAME,
    NO_DOLLAR,
    RESERVED_VARIABLE_NAME,
    RESULT_IS_STATIC,
    WARNING,
)
from cloudseam.languages.asl.rules.jsonata import queries
from cloudseam.languages.asl.rules.paths import is_expression, looks_like_path
from cloudseam.languages.asl.rules.value import Setting, Value

EXPRESSION = ".$"
MAX_NAME = 80
RESERVED_NAME = "states"


def template(value: Value, setting: Setting) -> None:
    """Any JSON with expressions in it, of either query language."""
    if setting.is_jsonata:
        queries(value, setting)
    else:
        _paths(value)


def _paths(value: Value) -> None:
    for part in value.parts():
        key = part.place.step
        if isinstance(key, str) and key.endswith(EXPRESSION):
            _expression(value, key)
            continue
        if isinstance(key, str) and looks_like_path(part.json):
            said = "No .$ on a field that appears to be a JSONPath or Intrinsic Function"
            part.add(said, NO_DOLLAR, WARNING)
        _paths(part)


def _expression(value: Value, key: str) -> None:
    if not is_expression(value.json[key]):
        value.add(
            f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic "
            "function call",
            key=key,
        )
    name = key.removesuffix(EXPRESSION)
    if name in value.json:
        value.add(f"There should only be one of the following fields: [{name}, {key}]", key=key)


def assignment(value: Value, setting: Setting) -> None:
    """Names of variables, and what they become."""
    for key in value.members() or ():
        name = key if setting.is_jsonata else key.removesuffix(EXPRESSION)
        problem = _name_problem(name)
        if name == RESERVED_NAME:
            reserved = f"Cannot assign to reserved variable '${name}'."
            value.add(reserved, RESERVED_VARIABLE_NAME, key=key)
        elif problem:
            said = f"Invalid variable name '{name}': the variable name {problem}."
            value.add(said, INVALID_VARIABLE_NAME, key=key)
    template(value, setting)


def _name_problem(name: str) -> str:
    """What is wrong with the name of a variable (spec, "Variables": by UAX31, up to 80 long)."""
    if len(name) > MAX_NAME:
        return f"exceeds the {MAX_NAME}-character limit"
    is_plain = name.isidentifier() and not name.startswith("_")
    return "" if is_plain else "contains invalid characters"


def result(value: Value, setting: Setting) -> None:
    """What a Pass state gives as it is; a path in it is most likely a mistake."""
    for part in value.parts():
        key = part.place.step
        if isinstance(key, str) and key.endswith(EXPRESSION) and is_expression(part.json):
            said = "Attempt to use a path in the result of a pass state"
            part.add(said, RESULT_IS_STATIC, WARNING)
        result(part, setting)
