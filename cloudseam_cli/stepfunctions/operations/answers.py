"""What whoever works on a task tells of it, by its token."""

from cloudseam.event import TASK_COMPLETED, TASK_ERROR, TASK_HEARTBEAT, Answer
from cloudseam.task_token import TaskToken, read_token
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.json_input import NoJsonError, is_too_long, parsed
from cloudseam_cli.stepfunctions.operations import Answered, Told


def succeed(engine: Engine, told: Told) -> Answered:
    """SendTaskSuccess."""
    token = _token(engine, told)
    try:
        output = parsed(told["output"])
    except NoJsonError as error:
        raise ApiFault("InvalidOutput", f"Invalid Output: '{error}'") from None
    if is_too_long(told["output"]):
        raise ApiFault("InvalidOutput", "Invalid Output: 'too long'")
    return _told(engine, token, TASK_COMPLETED, Answer("", result={"output": output}))


def fail(engine: Engine, told: Told) -> Answered:
    """SendTaskFailure."""
    answer = Answer("", description=told.get("cause"), error=told.get("error") or "")
    return _told(engine, _token(engine, told), TASK_ERROR, answer)


def beat(engine: Engine, told: Told) -> Answered:
    """SendTaskHeartbeat."""
    return _told(engine, _token(engine, told), TASK_HEARTBEAT, Answer(""))


def _token(engine: Engine, told: Told) -> TaskToken:
    """The token, which is looked at before anything else, as recorded from AWS."""
    try:
        token = read_token(told["taskToken"])
    except ValueError:
        raise _no_token() from None
    if engine.find(token.stack_id) is None:
        raise _no_token()
    return token


def _told(engine: Engine, token: TaskToken, name: str, answer: Answer) -> Answered:
    if engine.tell(name, token, answer) is None:
        text = "Task Timed Out: 'Provided task does not exist anymore'"
        raise ApiFault("TaskTimedOut", text)
    return {}


def _no_token() -> ApiFault:
    return ApiFault("InvalidToken", "Invalid Token: 'Invalid token'")


OPERATIONS = {
    "SendTaskSuccess": succeed,
    "SendTaskFailure": fail,
    "SendTaskHeartbeat": beat,
}
