"""Whether a definition can be used: all that is wrong with it, as Step Functions tells it."""

import json
from collections.abc import Sequence

from cloudseam.languages.asl.diagnostic import INVALID_JSON, SCHEMA, Diagnostic

STANDARD, EXPRESS = "STANDARD", "EXPRESS"


def diagnose(definition: str, kind: str = STANDARD) -> Sequence[Diagnostic]:
    """All there is to say of a definition, given as JSON text, for a machine of that kind.

    Nothing is raised for a bad text. A definition can be used if none of what is said is an ERROR;
    see `cloudseam.languages.asl.diagnostic.refusal`.
    """
    try:
        whole = json.loads(definition)
    except (ValueError, RecursionError) as error:
        return (Diagnostic(INVALID_JSON, str(error)),)
    missing = [name for name in ("StartAt", "States") if name not in whole]
    if missing:
        return (Diagnostic(SCHEMA, f"These fields are required: [{', '.join(missing)}]"),)
    return ()
