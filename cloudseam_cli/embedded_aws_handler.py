"""A function's handler, called as Lambda's runtime for Python calls it, whatever way it ends.

MiniStack 1.5.33 keeps of an exception only its text, and takes no bytes. Run by path, in the
process that MiniStack runs a function in; `embedded_aws_functions.py` reads what is told here.

Sources: Lambda developer guide, "Lambda function handler in Python" and "Lambda quotas"; AWS's
runtime interface client for Python.
"""

import base64
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

# What an answer is told as: the one key of an object that no function returns.
TOLD = "cloudseam.told"
# 6 MB, and a hundred bytes more.
MAX_ANSWER_BYTES = 6_291_556
# Where AWS has a function's code and its layers; here they are in temporary folders.
TASK_ROOT, LAYERS_ROOT = "/var/task", "/opt"

Told = dict[str, Any]
# From each folder here to where it is on AWS.
Places = Mapping[str, str]
Handler = Callable[[Any, Any], Any]


def handler_named(module: str, name: str) -> Handler:
    """The handler, which tells how it ended and raises nothing but what ends a process.

    It is imported at once, and again for each call for as long as that fails.
    """
    layers = filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep))
    places = {os.environ["LAMBDA_TASK_ROOT"]: TASK_ROOT, **dict.fromkeys(layers, LAYERS_ROOT)}
    handler, _ = _imported(module, name, places)

    def told(event: Any, context: Any) -> Told:
        nonlocal handler
        failed: Told | None = None
        if handler is None:
            handler, failed = _imported(module, name, places)
        outcome = _called(handler, event, context, places) if handler else {"error": failed}
        if error := outcome.get("error"):
            print(_as_logged(error), file=sys.stderr)
        return {TOLD: outcome}

    return told


def _imported(module: str, name: str, places: Places) -> tuple[Handler | None, Told | None]:
    """The handler, or the error that its runtime reports instead."""
    try:
        found: Handler = getattr(importlib.import_module(module), name)
        return found, None
    except ImportError as error:
        text = f"Unable to import module '{module}': {error}"
        return None, _error("Runtime.ImportModuleError", text)
    except SyntaxError as error:
        place = f'  File "{_on_aws(error.filename or "", places)}" Line {error.lineno}\n'
        text = f"Syntax error in module '{module}': {error}"
        stack = [f"{place}    {error.text}"]
        return None, _error("Runtime.UserCodeSyntaxError", text, stack=stack)
    except AttributeError as error:
        if error.name != name:
            return None, _raised(error, "", places)
        text = f"Handler '{name}' missing on module '{module}'"
        return None, _error("Runtime.HandlerNotFound", text)
    except Exception as error:
        return None, _raised(error, "", places)


def _called(handler: Handler, event: Any, context: Any, places: Places) -> Told:
    try:
        answer = handler(event, context)
    except Exception as error:
        return {"error": _raised(error, context.aws_request_id, places)}
    if isinstance(answer, bytes):
        kind, text, size = "bytes", base64.b64encode(answer).decode(), len(answer)
    else:
        try:
            kind, text = "json", json.dumps(answer, ensure_ascii=False, default=_number)
        except Exception as error:
            unable = f"Unable to marshal response: {error}"
            failed = _error("Runtime.MarshalError", unable, context.aws_request_id)
            return {"error": failed}
        size = len(text.encode(errors="replace"))
    if size > MAX_ANSWER_BYTES:
        return {"error": TOO_LARGE}
    return {kind: text}


def _number(value: Any) -> int | float:
    """A decimal, which AWS's runtime takes for the number it is."""
    if not isinstance(value, Decimal):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return int(value) if value == value.to_integral_value() else float(value)


def _raised(error: BaseException, request_id: str, places: Places) -> Told:
    # The first frame is of this file.
    frames = traceback.extract_tb(error.__traceback__)[1:]
    stack = [(_on_aws(each.filename, places), each.lineno, each.name, each.line) for each in frames]
    lines = traceback.format_list(stack)  # type: ignore[arg-type] # lines may have no number
    return _error(type(error).__name__, str(error), request_id, lines)


def _error(kind: str, message: str, request_id: str = "", stack: list[str] | None = None) -> Told:
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": stack or [],
    }


TOO_LARGE = {
    "errorType": "Function.ResponseSizeTooLarge",
    "errorMessage": "Response payload size exceeded maximum allowed payload size "
    f"({MAX_ANSWER_BYTES} bytes).",
}


def _on_aws(file: str, places: Places) -> str:
    for here, there in places.items():
        if file.startswith(here + os.sep):
            return there + file.removeprefix(here)
    return file


def _as_logged(error: Mapping[str, Any]) -> str:
    head = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    stack = error.get("stackTrace")
    return f"{head}\nTraceback (most recent call last):\n{''.join(stack)}" if stack else head
