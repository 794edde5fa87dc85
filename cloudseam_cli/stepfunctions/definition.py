"""Whether a definition of a state machine can be used."""

from typing import Any

from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.json_input import NoJsonError, parsed

ERROR, WARNING = "ERROR", "WARNING"
INVALID_JSON, SCHEMA = "INVALID_JSON_DESCRIPTION", "SCHEMA_VALIDATION_FAILED"
NEEDED = ("StartAt", "States")

Diagnostic = dict[str, str]


def diagnostics_of(definition: str, kind: str) -> list[Diagnostic]:
    """What is wrong with a definition of a `STANDARD` or `EXPRESS` state machine: objects with
    `severity` (`ERROR`, `WARNING`), `code`, `message` and `location`, a JSON pointer."""
    try:
        machine = parsed(definition)
    except NoJsonError as error:
        return [_error(INVALID_JSON, str(error), "")]
    if not isinstance(machine, dict):
        return [_error(SCHEMA, "The definition has to be a JSON object", "/")]
    missing = [name for name in NEEDED if name not in machine]
    if missing:
        text = f"These fields are required: [{', '.join(missing)}]"
        return [_error(SCHEMA, text, "/")]
    return []


def check_definition(definition: str, kind: str) -> None:
    """Refuses what cannot be run.

    Raises:
        ApiFault: InvalidDefinition, with all errors.
    """
    found = [each for each in diagnostics_of(definition, kind) if each["severity"] == ERROR]
    if found:
        told = ", ".join(map(_told, found))
        raise ApiFault("InvalidDefinition", f"Invalid State Machine Definition: '{told}'")


def _told(diagnostic: Diagnostic) -> str:
    place = f" at {diagnostic['location']}" if diagnostic["location"] else ""
    return f"{diagnostic['code']}: {diagnostic['message']}{place}"


def _error(code: str, message: str, location: str) -> Any:
    return {"severity": ERROR, "code": code, "message": message, "location": location}
