"""Lambda functions in Python that end as on AWS, for an embedded AWS.

MiniStack 1.5.33 answers every exception as `Runtime.HandlerError`, without its class and its
stack. Machines retry and catch errors by their names. Run by path, in the emulator's own process.

Source: Lambda developer guide, "Lambda function errors in Python" and "Invoke".
"""

import base64
import json
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HANDLER = Path(__file__).with_name("embedded_aws_handler.py")
TOLD = runpy.run_path(str(HANDLER))["TOLD"]
# Where MiniStack's script for a function's process imports the handler.
IMPORT = """\
        mod = importlib.import_module(module_name)
        handler_fn = getattr(mod, handler_name)
"""
TIMED_OUT, DIED = "Sandbox.Timedout", "Worker process died"

Result = dict[str, Any]


def teach() -> None:
    """Has the emulator answer an invocation with what AWS would.

    Raises:
        ValueError: MiniStack runs functions in another way than is known here.
    """
    from ministack.core import lambda_runtime  # type: ignore[import-untyped]
    from ministack.services import lambda_svc  # type: ignore[import-untyped]

    lambda_runtime._PYTHON_WORKER_SCRIPT = script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    lambda_runtime.Worker.invoke = understanding(lambda_runtime.Worker.invoke)
    lambda_svc._execute_function_warm = answering(lambda_svc._execute_function_warm)


def script(theirs: str) -> str:
    """The script, with a handler of `embedded_aws_handler.py`."""
    if theirs.count(IMPORT) != 1:
        raise ValueError("This version of MiniStack runs functions in a way that is not known.")
    ours = f"""\
        import runpy
        named = runpy.run_path({str(HANDLER)!r})["handler_named"]
        handler_fn = named(module_name, handler_name)
"""
    return theirs.replace(IMPORT, ours)


def understanding(invoke: Callable[..., Result]) -> Callable[..., Result]:
    """What runs an invocation in a function's process, where it is told by such a handler."""

    def invoked(*args: Any, **named: Any) -> Result:
        result = invoke(*args, **named)
        told = result.get("result")
        if isinstance(told, dict) and told.keys() == {TOLD}:
            return result | as_told(told[TOLD])
        return result

    return invoked


def as_told(outcome: Mapping[str, Any]) -> Result:
    """The result of an invocation whose handler has ended so."""
    if "json" in outcome:
        return {"result": json.loads(outcome["json"])}
    if "bytes" in outcome:
        return {"result": base64.b64decode(outcome["bytes"])}
    # Only a text gets through; and what would be logged with it has been already.
    return {"status": "error", "error": TOLD + json.dumps(outcome["error"]), "trace": ""}


def answering(execute: Callable[..., Result]) -> Callable[..., Result]:
    """What executes a function, with errors in AWS's form."""

    def executed(function: Mapping[str, Any], event: Any, request_id: str) -> Result:
        result = execute(function, event, request_id)
        if not result.get("error"):
            return result
        return result | {"body": as_answered(result["body"], request_id)}

    return executed


def as_answered(error: Mapping[str, str], request_id: str) -> Mapping[str, Any]:
    """The error that an invocation is answered with, for the one that MiniStack has."""
    message = error["errorMessage"]
    if message.startswith(TOLD):
        told: dict[str, Any] = json.loads(message.removeprefix(TOLD))
        return told
    if error["errorType"] == TIMED_OUT:
        return _of_process(TIMED_OUT, message, request_id)
    if message == DIED:
        why = "Runtime exited without providing a reason"
        return _of_process("Runtime.ExitError", why, request_id)
    return error


def _of_process(kind: str, why: str, request_id: str) -> Mapping[str, str]:
    return {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {why}"}
