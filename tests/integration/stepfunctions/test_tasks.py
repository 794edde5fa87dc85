"""Tasks call functions, and start other executions, at the endpoints that the server is given."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from cloudseam.messages import TaskRequest
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.executors import StatesExecutors
from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions
from task_satisfier.executors import TaskRun

ROLE = "arn:aws:iam::000000000000:role/r"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:double"


class Functions(BaseHTTPRequestHandler):
    """Doubles `n`, as Lambda would have a function do it; an odd one is an error."""

    def do_POST(self) -> None:
        """Invoke (API reference of Lambda)."""
        n = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["n"]
        failed = {"errorType": "Odd", "errorMessage": f"{n} is odd"}
        body = json.dumps(failed if n % 2 else {"n": 2 * n}).encode()
        self.send_response(200)
        if n % 2:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[LocalStepFunctions]:
    """A server whose functions are those."""
    functions = ThreadingHTTPServer(("127.0.0.1", 0), Functions)
    thread = Thread(target=functions.serve_forever)
    thread.start()
    server = LocalStepFunctions(0, functions=f"http://127.0.0.1:{functions.server_port}")
    server.start()
    yield server
    server.stop()
    functions.shutdown()
    functions.server_close()
    thread.join()


def run(server: LocalStepFunctions, name: str, states: object, given: str) -> dict[str, object]:
    """Makes a machine of one state and runs it to its end."""
    definition = json.dumps({"StartAt": "S", "States": {"S": states}})
    told = {"name": name, "definition": definition, "roleArn": ROLE}
    arn = api.call(server.engine, "CreateStateMachine", told)["stateMachineArn"]
    start = {"stateMachineArn": arn, "name": "e", "input": given}
    execution = api.call(server.engine, "StartExecution", start)["executionArn"]
    server.engine.wait_for_end(f"{name}:e", 30)
    return api.call(server.engine, "DescribeExecution", {"executionArn": execution})


def test_a_function_is_called_and_its_error_is_the_states(server: LocalStepFunctions) -> None:
    task = {"Type": "Task", "Resource": FUNCTION, "End": True}

    even = run(server, "even", task, '{"n": 2}')
    odd = run(server, "odd", task, '{"n": 3}')

    assert (even["status"], even["output"]) == ("SUCCEEDED", '{"n":4}')
    assert (odd["status"], odd["error"]) == ("FAILED", "Odd")


def test_an_execution_starts_another_one_and_waits_for_it(server: LocalStepFunctions) -> None:
    run(server, "inner", {"Type": "Task", "Resource": FUNCTION, "End": True}, '{"n": 2}')
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:inner",
            "Input": {"n": 8},
        },
        "OutputPath": "$.Output",
        "End": True,
    }

    told = run(server, "outer", nested, "{}")

    assert (told["status"], told["output"]) == ("SUCCEEDED", '{"n":16}')
    asked = {"executionArn": told["executionArn"]}
    events = api.call(server.engine, "GetExecutionHistory", asked)["events"]
    assert [event["type"] for event in events[2:6]] == [
        *("TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded")
    ]


@pytest.mark.parametrize("name", [{}, {"Name": "given"}])
def test_another_delivery_of_the_task_reads_the_execution_that_has_ended(
    server: LocalStepFunctions, name: dict[str, str]
) -> None:
    run(server, "once", {"Type": "Pass", "End": True}, "{}")
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:once"
    told: dict[str, Any] = {
        "resource": "arn:aws:states:::states:startExecution.sync:2",
        "arguments": {"StateMachineArn": machine, "Input": {"n": 1}, **name},
        "askedAt": time.time_ns() // 1_000_000,
    }
    asked = TaskRequest("s", "m", {}, "t", "states", {}, token="attempt", input=told)
    task = TaskRun(asked, lambda: 60.0)
    executor = StatesExecutors(None, None, lambda: server.url).get("states")

    first: Any = executor.run(task)
    second: Any = executor.run(task)

    assert second.body["output"] == first.body["output"]
    executions = api.call(server.engine, "ListExecutions", {"stateMachineArn": machine})
    assert len(executions["executions"]) == 2  # the one of above, and one for both deliveries
