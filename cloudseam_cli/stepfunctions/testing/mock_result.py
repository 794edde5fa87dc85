"""Whether a mocked result is one that the service could have answered, by the service's model."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.json_text import is_number
from cloudseam.languages.asl.resource import WAIT_FOR_TOKEN, Integration, integration_of, task_kind
from cloudseam_cli.stepfunctions.fault import invalid
from task_satisfier.executors.states.sdk_call import BOTO3_NAMES

STRICT, NONE = "STRICT", "NONE"
KINDS: Mapping[str, tuple[str, Any]] = {
    **dict.fromkeys(("string", "blob", "timestamp", "character"), ("a string", str)),
    **dict.fromkeys(("structure", "map"), ("an object", dict)),
    **dict.fromkeys(("integer", "long", "float", "double"), ("a number", (int, float))),
    "list": ("an array", list),
    "boolean": ("a boolean", bool),
}
# What is JSON in the language, and bytes in the service's model.
OPEN = {("lambda", "invoke", "Payload")}


def check_result(state: State, result: Any, mode: str) -> None:
    """Judges the mocked result of a Task. What the model does not know is let through; `STRICT`
    also wants all fields that it requires, and `NONE` judges nothing.

    Raises:
        ApiFault: ValidationException names the first field that is wrong.
    """
    if mode == NONE or task_kind(state["Resource"]) != "Task":
        return
    named = integration_of(state["Resource"])
    shape = _output_of(named) if named.pattern in ("", WAIT_FOR_TOKEN) else None
    if shape is None:
        return
    is_open = {name for name in shape.members if (named.service, named.action, name) in OPEN}
    for wrong in _wrong_members(shape, result, mode, is_open):
        raise invalid(f"Mock result schema validation error: {wrong}")


@cache
def _output_of(named: Integration) -> Any:
    """The shape of what the action answers; None if it is not known."""
    service = named.service.lower()
    name = BOTO3_NAMES.get(service, service)
    try:
        model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
    except (DataNotFoundError, UnknownServiceError):
        return None
    for operation in model.operation_names:
        if operation.lower() == named.action.lower():
            return model.operation_model(operation).output_shape
    return None


def _wrong_members(
    shape: StructureShape, value: Any, mode: str, is_open: set[str] | frozenset[str] = frozenset()
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "Mocked result must be an object"
        return
    for name, member in shape.members.items():
        shown = name[:1].upper() + name[1:]
        if value.get(shown) is not None and name not in is_open:
            yield from _wrong(member, shown, value[shown], mode)
        elif mode == STRICT and name in shape.required_members and shown not in value:
            yield f"Required field '{shown}' is missing"


def _wrong(shape: Shape, name: str, value: Any, mode: str) -> Iterator[str]:
    wanted, types = KINDS[shape.type_name]
    if not isinstance(value, types) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"Field '{name}' must be {wanted}"
        return
    yield from _beyond(shape, name, value)
    if isinstance(shape, StructureShape):
        yield from _wrong_members(shape, value, mode)
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _wrong(shape.member, name, item, mode)
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _wrong(shape.value, key, item, mode)


def _beyond(shape: Shape, name: str, value: Any) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if is_number(value):
        size, below, above = value, "is less than the minimum value", "exceeds the maximum value"
    elif isinstance(value, str):
        size = len(value)
        below, above = "is smaller than the minimum length", "exceeds the maximum length"
    else:
        return
    if least is not None and size < least:
        yield f"Field '{name}' {below}"
    if most is not None and size > most:
        yield f"Field '{name}' {above}"
