"""What is wrong in a definition, in the form that Step Functions tells it."""

from collections.abc import Iterable
from typing import NamedTuple

# The codes of the API (API reference, ValidateStateMachineDefinitionDiagnostic).
DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_JSON = "INVALID_JSON_DESCRIPTION"
INVALID_STATE_NAME = "INVALID_STATE_NAME"
MISSING_DESCRIPTION = "MISSING_DESCRIPTION"
MISSING_END_STATE = "MISSING_END_STATE"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
NO_DOLLAR = "NO_DOLLAR"
NO_PATH = "NO_PATH"
RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"
SCHEMA = "SCHEMA_VALIDATION_FAILED"

ERROR, WARNING = "ERROR", "WARNING"


class Diagnostic(NamedTuple):
    """One thing to be said of a definition. A definition with an ERROR cannot be used.

    `location` is a path from the whole definition on, as `/States/Wait/Next` and
    `/States/Choose/Choices[0]/Next`; `/` is the whole. None: it is about no place.
    """

    code: str
    message: str
    location: str | None = "/"
    severity: str = ERROR

    def as_json(self) -> dict[str, str]:
        """The diagnostic as ValidateStateMachineDefinition answers it."""
        told = self._asdict()
        return {name: told[name] for name in sorted(told) if told[name] is not None}

    def __str__(self) -> str:
        where = "" if self.location is None else f" at {self.location}"
        return f"{self.code}: {self.message}{where}"


def refusal(diagnostics: Iterable[Diagnostic]) -> str | None:
    """The message of the error InvalidDefinition; None if the definition can be used."""
    errors = ", ".join(str(each) for each in diagnostics if each.severity == ERROR)
    return f"Invalid State Machine Definition: '{errors}'" if errors else None
