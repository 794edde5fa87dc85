"""What calls may say, by the model of the service that botocore ships: types, lengths, values.

The texts are AWS's. What the model calls sensitive is not repeated in them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from cloudseam_cli.stepfunctions.fault import ApiFault, invalid

SERVICE = "stepfunctions"
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "structure": dict,
    "list": list,
    "timestamp": (int, float),
}


@cache
def service_model() -> ServiceModel:
    """The model: operations, their inputs and their errors."""
    return ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)


@cache
def operation_model(operation: str) -> OperationModel:
    """The model of one operation."""
    return service_model().operation_model(operation)


def check(operation: str, told: Mapping[str, Any]) -> None:
    """Checks the input of an operation.

    Raises:
        ApiFault: ValidationException names all that is wrong, SerializationException a wrong type.
    """
    shape = operation_model(operation).input_shape
    wrong = list(_wrong(shape, told, "")) if shape is not None else []
    if wrong:
        errors = "error" if len(wrong) == 1 else "errors"
        text = f"{len(wrong)} validation {errors} detected: {'; '.join(wrong)}"
        raise invalid(text)


def _wrong(shape: Shape, value: Any, place: str) -> Iterator[str]:
    if not _is_of_type(shape, value):
        what = f"'{place or 'the body'}' has to be a {shape.type_name}."
        raise ApiFault("SerializationException", what)
    if isinstance(shape, StructureShape):
        yield from _wrong_members(shape, value, place)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _wrong(shape.member, item, f"{place}.{number}.member")
    for constraint in _broken(shape, value):
        shown = "Value" if shape.metadata.get("sensitive") else f"Value '{value}'"
        yield f"{shown} at '{place}' failed to satisfy constraint: {constraint}"


def _is_of_type(shape: Shape, value: Any) -> bool:
    if isinstance(value, bool):
        return shape.type_name == "boolean"
    return isinstance(value, TYPES.get(shape.type_name, object))


def _wrong_members(shape: StructureShape, value: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{place}.{name}" if place else name
        if value.get(name) is not None:
            yield from _wrong(member, value[name], where)
        elif name in shape.required_members:
            yield (f"Value null at '{where}' failed to satisfy constraint: Member must not be null")


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    is_number = shape.type_name == "integer"
    if shape.type_name not in ("integer", "string", "list"):
        return
    size = value if is_number else len(value)
    what = "value" if is_number else "length"
    if least is not None and size < least:
        yield f"Member must have {what} greater than or equal to {least}"
    if most is not None and size > most:
        yield f"Member must have {what} less than or equal to {most}"
    pattern = shape.metadata.get("pattern")
    # Python does not know classes by their names, as one of the patterns has them.
    if pattern is not None and "\\p{" not in pattern and not re.fullmatch(pattern, value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield f"Member must satisfy enum value set: [{', '.join(allowed)}]"
