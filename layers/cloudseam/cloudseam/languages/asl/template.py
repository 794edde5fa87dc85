"""Payload templates: JSON with expressions in it (spec, "Payload Template")."""

from typing import Any

from cloudseam.languages.asl import intrinsics, jsonata_query
from cloudseam.languages.asl.failure import RUNTIME, StateFailure
from cloudseam.languages.asl.scope import Scope


def expression(text: Any, scope: Scope, field: str) -> Any:
    """What a path or a call of an intrinsic function means.

    Raises:
        StateFailure: it leads nowhere, or is none.
    """
    if isinstance(text, str) and text.startswith("$"):
        return scope.look_up(text, field)
    if isinstance(text, str) and text.startswith(intrinsics.PREFIX):
        return intrinsics.evaluate(text, scope, field)
    raise StateFailure(RUNTIME, f"The field '{field}' has no JSONPath and no intrinsic function.")


def filled(template: Any, scope: Scope) -> Any:
    """A template of JSONPath with each field whose name ends in `.$` taken by what it says."""
    if isinstance(template, dict):
        return dict(
            (key[:-2], expression(value, scope, key))
            if key.endswith(".$")
            else (key, filled(value, scope))
            for key, value in template.items()
        )
    if isinstance(template, list):
        return [filled(item, scope) for item in template]
    return template


def queried(template: Any, scope: Scope, field: str) -> Any:
    """A template of JSONata with each text between `{%` and `%}` taken by what it gives."""
    if isinstance(template, dict):
        return {key: queried(value, scope, f"{field}/{key}") for key, value in template.items()}
    if isinstance(template, list):
        return [queried(item, scope, f"{field}[{n}]") for n, item in enumerate(template)]
    if jsonata_query.is_query(template):
        return jsonata_query.evaluate(template, scope, field)
    return template
