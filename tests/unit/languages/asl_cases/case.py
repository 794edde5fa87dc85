"""A definition with what is said of it, and how such are built."""

from typing import Any, NamedTuple

JSONATA = {"QueryLanguage": "JSONata"}
LAMBDA = "arn:aws:states:::lambda:invoke"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
PASS = {"Type": "Pass", "End": True}
PART = {"StartAt": "P", "States": {"P": PASS}}
DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
EXPRESSION = (
    "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call"
)
REFERENCE = "Value is not a Reference Path"
ROOTLESS = f"{REFERENCE}: Reference path didn't start with '$'"
OTHER = (
    "The QueryLanguage is set to '{}', but field '{}' is only supported for the '{}' QueryLanguage"
)
ONE = "There should only be one of the following fields: [{}]"
NEEDED = "This object should have only one of the following fields: [{}]"
ONE_OF = "Value should be one of the following: [{}]"
WAITS = "SecondsPath, Seconds, TimestampPath, Timestamp"
TEXT, LIST, OBJECT = (f"Expected value of type [{kind}]" for kind in ("STRING", "ARRAY", "OBJECT"))
BOOLEAN, NUMBER = (f"Expected value of type [{kind}]" for kind in ("BOOLEAN", "NUMBER"))
INTEGER = "Expected value of type Integer"
EMPTY = "Value cannot be empty"


class Case(NamedTuple):
    """A definition, and all that is said of it, in order."""

    id: str
    definition: Any
    said: list[str]
    kind: str = "STANDARD"


def of(kind: str, top: dict[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
    """A machine of one state that ends, of that type, with those fields; None takes one away."""
    state = {"Type": kind, **BASES[kind], **fields}
    gone = [name for name, value in state.items() if value is GONE]
    for name in gone:
        del state[name]
    return {"StartAt": "S", "States": {"S": state, **REST.get(kind, {})}, **(top or {})}


def choice(**rule: Any) -> dict[str, Any]:
    """A Choice state with one rule."""
    return of("Choice", Choices=[{"Next": "P", **rule}])


def jsonata(kind: str, **fields: Any) -> dict[str, Any]:
    """The same as `of` in JSONata."""
    return of(kind, JSONATA, **fields)


def at(place: str, *messages: str) -> list[str]:
    """Messages of the schema about one place below the state."""
    return [f"SCHEMA_VALIDATION_FAILED: {message} at /States/S{place}" for message in messages]


def states(**states: Any) -> dict[str, Any]:
    """A machine of those states, which begins at A."""
    return {"StartAt": "A", "States": states}


GONE = object()
BASES: dict[str, dict[str, Any]] = {
    "Task": {"Resource": LAMBDA, "End": True},
    "Pass": {"End": True},
    "Wait": {"Seconds": 1, "End": True},
    "Choice": {"Choices": [{"Variable": "$.a", "IsNull": True, "Next": "P"}]},
    "Succeed": {},
    "Fail": {},
    "Parallel": {"Branches": [PART], "End": True},
    "Map": {"ItemProcessor": PART, "End": True},
}
REST = {"Choice": {"P": PASS}}
RETRIER = {"ErrorEquals": ["States.ALL"]}
CATCHER = {"ErrorEquals": ["States.ALL"], "Next": "S"}


def at_top(code: str, message: str, location: str = "/") -> list[str]:
    """A message about one place of the machine."""
    return [f"{code}: {message} at {location}"]


SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
END = "MISSING_END_STATE: Workflow has no terminal state at null"
LONG = "a" * 81
