"""What is wrong in a definition, in the form that Step Functions tells it.

Texts and codes are those of Step Functions wherever one was seen from it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cloudseam.languages.place import Place

# The codes of the API (API reference, ValidateStateMachineDefinitionDiagnostic), and those that it
# answers with besides for JSONata and variables.
DUPLICATE_LABEL_NAME = "DUPLICATE_LABEL_NAME"
DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_JSON = "INVALID_JSON_DESCRIPTION"
INVALID_JSONATA = "INVALID_JSONATA_EXPRESSION"
INVALID_LABEL_NAME = "INVALID_LABEL_NAME"
INVALID_STATE_NAME = "INVALID_STATE_NAME"
INVALID_VARIABLE_NAME = "INVALID_VARIABLE_NAME"
MISSING_DESCRIPTION = "MISSING_DESCRIPTION"
MISSING_END_STATE = "MISSING_END_STATE"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
NO_DOLLAR = "NO_DOLLAR"
NO_PATH = "NO_PATH"
RESERVED_VARIABLE_NAME = "RESERVED_VARIABLE_NAME"
RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"
SCHEMA = "SCHEMA_VALIDATION_FAILED"
TOO_DEEP = "TOO_DEEPLY_NESTED"
UNSUPPORTED_JSONATA = "UNSUPPORTED_JSONATA_EXPRESSION"

ERROR, WARNING = "ERROR", "WARNING"


class Diagnostic(NamedTuple):
    """One thing to be said of a definition. A definition with an ERROR cannot be used.

    `location` is a path from the whole definition on, as `/States/Choose/Choices[0]/Next`; `/` is
    the whole, and None is no place. Step Functions often names the state where a field of it is
    meant; `place` is that field.
    """

    code: str
    message: str
    location: str | None = "/"
    severity: str = ERROR
    place: Place = Place()

    def as_json(self) -> dict[str, str]:
        """The diagnostic as ValidateStateMachineDefinition answers it."""
        where = {} if self.location is None else {"location": self.location}
        return {"code": self.code, **where, "message": self.message, "severity": self.severity}

    def __str__(self) -> str:
        where = "null" if self.location is None else self.location
        return f"{self.code}: {self.message} at {where}"


def refusal(diagnostics: Iterable[Diagnostic]) -> str | None:
    """The message of the error InvalidDefinition; None if the definition can be used."""
    errors = ", ".join(str(each) for each in diagnostics if each.severity == ERROR)
    return f"Invalid State Machine Definition: '{errors}'" if errors else None


def location_of(place: Place) -> str:
    """A place as Step Functions writes it."""
    steps: list[str] = []
    step: Place | None = place
    while step is not None and step.parent is not None:
        steps.append(f"[{step.step}]" if isinstance(step.step, int) else f"/{step.step}")
        step = step.parent
    return "".join(reversed(steps)) or "/"
