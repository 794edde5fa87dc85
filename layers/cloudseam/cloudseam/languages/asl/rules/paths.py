"""Rules of JSONPath, reference paths and calls of intrinsic functions (spec, "Paths")."""

from typing import Any

from cloudseam.languages.asl import intrinsics, json_path
from cloudseam.languages.asl.rules.value import Setting, Value
from cloudseam.languages.asl.scope import is_variable

# What may be escaped in a text of an intrinsic function (spec, "Intrinsic Functions").
ESCAPABLE = frozenset("'\\{}")
# The intrinsic functions that give a text, which `ErrorPath` and `CausePath` may call.
GIVE_TEXT = frozenset(
    f"States.{name}"
    for name in (
        "ArrayGetItem",
        "Base64Decode",
        "Base64Encode",
        "Format",
        "Hash",
        "JsonToString",
        "UUID",
    )
)


def json_path_or_null(value: Value, setting: Setting) -> None:
    """A path of any kind, or null."""
    if value.json is not None and value.text() is not None and not is_path(value.json):
        value.add("Value must be a valid JSONPath.")


def result_path(value: Value, setting: Setting) -> None:
    """Where a result goes: a place in the input, never in the context object or a variable."""
    if value.json is not None:
        text = value.json if isinstance(value.json, str) else ""
        _reference(value, is_elsewhere=text.startswith("$$") or is_variable(text))


def reference(value: Value, setting: Setting) -> None:
    """A path to one value, of the input, the context object or a variable."""
    _reference(value)


def own_reference(value: Value, setting: Setting) -> None:
    """A path to one value of the input or of a variable."""
    text = value.json if isinstance(value.json, str) else ""
    _reference(value, is_elsewhere=text.startswith("$$"))


def reference_or_call(value: Value, setting: Setting) -> None:
    """A path to one value, or a call of an intrinsic function that gives a text."""
    if isinstance(value.json, str) and value.json.startswith(intrinsics.PREFIX):
        call = called(value.json)
        if call is None or call.name not in GIVE_TEXT:
            value.add("Value must be a valid JSONPath or a valid intrinsic function call")
    else:
        _reference(value)


def is_path(text: str) -> bool:
    """Whether it is a JSONPath: of the input, of the context object (`$$`) or a variable."""
    try:
        json_path.steps_of(_from_root(text))
    except json_path.InvalidPathError:
        return False
    return True


def is_expression(value: Any) -> bool:
    """Whether it may stand at a field whose name ends in `.$`."""
    if not isinstance(value, str):
        return False
    return is_path(value) if value.startswith("$") else called(value) is not None


def called(text: str) -> intrinsics.Call | None:
    """The call of an intrinsic function that the text is."""
    try:
        call = intrinsics.parse(text)
    except ValueError:  # no call, or a number that is too long for Python
        return None
    return call if _is_sound(call) else None


def looks_like_path(value: Any) -> bool:
    """Whether somebody may have meant a path, or a call, where a text is taken as it is."""
    if not isinstance(value, str):
        return False
    is_rooted = value.startswith(("$.", "$[", "$$.")) and is_path(value)
    return is_rooted or (value.startswith(intrinsics.PREFIX) and called(value) is not None)


def _is_sound(call: intrinsics.Call) -> bool:
    for argument in call.arguments:
        if isinstance(argument, intrinsics.Call):
            sound = _is_sound(argument)
        elif isinstance(argument, intrinsics.Path):
            sound = is_path(argument.path)
        else:
            sound = not isinstance(argument.value, str) or _is_escaped(argument.value)
        if not sound:
            return False
    return True


def _is_escaped(text: str) -> bool:
    """Whether each backslash in it escapes something that needs it."""
    position = text.find("\\")
    while position >= 0:
        if text[position + 1 : position + 2] not in ESCAPABLE:
            return False
        position = text.find("\\", position + 2)
    return True


def _reference(value: Value, is_elsewhere: bool = False) -> None:
    text = value.text()
    if text is None:
        return
    if not text.startswith("$"):
        value.add("Value is not a Reference Path: Reference path didn't start with '$'")
    elif is_elsewhere or not json_path.is_reference_path(_from_root(text)):
        value.add("Value is not a Reference Path")


def _from_root(text: str) -> str:
    """The path as from one root on."""
    if text.startswith("$$"):
        return text[1:] if text[2:3] in ("", ".", "[") else text[2:]
    return f"$.{text[1:]}" if is_variable(text) else text
