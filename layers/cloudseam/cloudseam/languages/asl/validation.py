"""Whether a definition can be used: all that is wrong with it, as Step Functions tells it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from cloudseam.json_levels import is_deeper_than
from cloudseam.json_number import finite, refuse_constant
from cloudseam.languages.asl.diagnostic import (
    INVALID_JSON,
    MISSING_DESCRIPTION,
    SCHEMA,
    TOO_DEEP,
    Diagnostic,
)
from cloudseam.languages.asl.rules.machines import whole_machine
from cloudseam.languages.asl.rules.value import Diagnosis, Value
from cloudseam.languages.place import Place

STANDARD, EXPRESS = "STANDARD", "EXPRESS"
# Of a definition, in bytes of UTF-8 (developer guide, "Service quotas").
MAX_BYTES = 1_048_576
# Levels of JSON. Sixteen machines inside each other have them, and no definition that is meant.
MAX_LEVELS = 100


def diagnose(definition: str, kind: str = STANDARD) -> Sequence[Diagnostic]:
    """All there is to say of a definition, given as JSON text, for a machine of that kind.

    Nothing is raised for a bad text. A definition can be used if none of what is said is an ERROR;
    see `cloudseam.languages.asl.diagnostic.refusal`.
    """
    if not definition.strip():
        return (Diagnostic(MISSING_DESCRIPTION, "The definition is empty", None),)
    if len(definition.encode(errors="surrogatepass")) > MAX_BYTES:
        return (Diagnostic(SCHEMA, f"The definition is larger than {MAX_BYTES} bytes"),)
    twice: list[str] = []

    def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                twice.append(key)
            found[key] = value
        return found

    try:
        whole = json.loads(
            definition,
            object_pairs_hook=once,
            parse_constant=refuse_constant,
            parse_float=finite,
        )
    except RecursionError:
        return (_too_deep(),)
    except ValueError as error:
        return (Diagnostic(INVALID_JSON, str(error), None),)
    if twice:
        names = dict.fromkeys(twice)
        return [Diagnostic(INVALID_JSON, f"Duplicate field '{name}'", None) for name in names]
    return judge(whole, kind)


def judge(definition: Any, kind: str = STANDARD) -> Sequence[Diagnostic]:
    """The same of a definition that has been read from JSON."""
    if is_deeper_than(MAX_LEVELS, definition):
        return (_too_deep(),)
    diagnosis = Diagnosis()
    whole_machine(Value(definition, Place(), diagnosis), kind)
    return diagnosis.found


def _too_deep() -> Diagnostic:
    return Diagnostic(TOO_DEEP, f"Values are nested more than {MAX_LEVELS} deep", None)
