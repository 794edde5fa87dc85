"""What a module gives back, without what is sensitive or does not fit."""

import json
from collections.abc import Callable, Mapping

from pydantic import TypeAdapter, ValidationError

from cloudseam.event import Json
from cloudseam.limits import Outputs
from task_satisfier.executors import TaskFailedError
from task_satisfier.redaction import Redactor

_OUTPUTS: TypeAdapter[dict[str, Json]] = TypeAdapter(Outputs)


def read_outputs(
    printed: bytes, redactor: Redactor, log: Callable[[str], None]
) -> Mapping[str, Json]:
    """The outputs in what `output -json` printed, as names and values, in order of names.

    Raises:
        TaskFailedError: it printed something else.
    """
    try:
        values = {
            name: output["value"]
            for name, output in sorted(json.loads(printed).items())
            if not output["sensitive"]
        }
        shown = redactor.shown(values, log)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TaskFailedError("The outputs cannot be read.") from None
    return _fitting(shown, log)


def _fitting(values: Mapping[str, Json], log: Callable[[str], None]) -> Mapping[str, Json]:
    """Those that an answer may have: one that is refused would take the whole answer with it."""
    fitting: dict[str, Json] = {}
    for name, value in values.items():
        try:
            fitting = _OUTPUTS.validate_python({**fitting, name: value})
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False)[0]["msg"]
            log(f"Output '{name}' is left out: {problem.removeprefix('Value error, ')}")
    return fitting
