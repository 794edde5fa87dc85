"""What others cost under the same load: each by its own rules of what is counted."""

from collections.abc import Iterator
from math import ceil

from cloudseam_cli.costs import pattern, sqs
from cloudseam_cli.costs.bill import Bill, Line
from cloudseam_cli.costs.effort import FSM, NODE, PYTHON, Effort, gigabytes
from cloudseam_cli.costs.estimate import KB_PER_GB
from cloudseam_cli.costs.item_size import read_units, write_units
from cloudseam_cli.costs.load import HOURS_PER_MONTH, Load
from cloudseam_cli.costs.pattern import Calls

# An outside event is waited for in a state of its own (`.waitForTaskToken`), and a Choice tells
# which it was; each task is a state.
STATES_PER_EVENT = 2
# Express is billed for 64 MB and 100 ms at least (Step Functions pricing).
EXPRESS_MB = 64
EXPRESS_TICKS_PER_SECOND = 10
# An event is waited for with `wait_for_callback`: a child context, a callback and the step that
# hands the callback out. That the context counts as well is an assumption.
OPERATIONS_PER_EVENT = 3
DURABLE_DAYS = 14
# aws-lambda-fsm 0.36 over DynamoDB and SQS with both caches, as recorded: a lease taken and given
# back, two marks looked up and set, a checkpoint, and one message, which is sent by itself.
FSM_LEASES_AND_MARKS = 4
FSM_LOOKUPS = 2
FSM_CALLS = Calls(reads=2, writes=5, sends=1)


def rivals(load: Load) -> list[Bill]:
    """The bills of the others."""
    return [
        original(load),
        aws_lambda_fsm(load),
        durable_functions(load),
        step_functions(load),
        express(load),
    ]


def original(load: Load) -> Bill:
    """The original CloudSeam: a read, a write and its sends for each event, one by one.

    Its task satisfier runs only the first record of a batch, so it has to be given one at a time.
    """
    events = 1 + load.tasks
    asking = Calls(reads=load.batch, writes=load.batch, sends=round(load.batch * load.tasks))
    answered = Calls(reads=load.batch, writes=load.batch)
    time = NODE.gb_seconds(asking, load.batch, load.memory)
    time += load.tasks * NODE.gb_seconds(answered, load.batch, load.memory)
    task_kb = pattern.TASK_KB + load.row_kb
    lines = [
        _event(load),
        Line("SQS: tasks", "sqs-request", load.tasks * (1 + sqs.taken(1, task_kb))),
        Line("SQS: answers", "sqs-request", load.tasks * (1 + sqs.taken(load.batch, 0))),
        *_rows(reads=events, writes=events, load=load),
        Line("Lambda: invocations", "lambda-request", events / load.batch + load.tasks),
        Line("Lambda: time of the state machine", "lambda-gb-second", time / load.batch),
        *_satisfier(load, NODE),
        _polls(queues=2),
    ]
    return Bill("the original CloudSeam", lines, "can lose updates and tasks; no claims, no timers")


def aws_lambda_fsm(load: Load) -> Bill:
    """aws-lambda-fsm: an invocation for the event, and one for the end of each task in it."""
    steps = 1 + load.tasks
    time = FSM.gb_seconds(FSM_CALLS, 1, load.memory, one_by_one=True)
    lines = [
        Line("SQS: messages", "sqs-request", steps * (1 + sqs.taken(load.batch, load.row_kb))),
        Line("DynamoDB: checkpoints", "dynamodb-write", steps * write_units(load.row_kb)),
        Line("DynamoDB: leases and marks", "dynamodb-write", steps * FSM_LEASES_AND_MARKS),
        Line("DynamoDB: marks looked up", "dynamodb-read", steps * FSM_LOOKUPS),
        Line("Lambda: invocations", "lambda-request", steps / load.batch),
        Line("Lambda: time", "lambda-gb-second", steps * time + _task_time(load)),
        _polls(queues=1),
    ]
    return Bill("aws-lambda-fsm", lines, "tasks run inside it, 15 minutes at most")


def durable_functions(load: Load) -> Bill:
    """Lambda durable functions: an execution for each stack that waits for its events."""
    operations = OPERATIONS_PER_EVENT + load.tasks
    written = operations * load.row_kb / KB_PER_GB
    kept = written * DURABLE_DAYS * 24 / HOURS_PER_MONTH
    time = PYTHON.gb_seconds(Calls(writes=2), 1, load.memory)
    lines = [
        Line("Lambda: durable operations", "durable-operation", operations),
        Line("Lambda: checkpoints written", "durable-write", written),
        Line("Lambda: checkpoints kept", "durable-storage", kept),
        Line("Lambda: invocations", "lambda-request", 1),
        Line("Lambda: time", "lambda-gb-second", time),
    ]
    return Bill("Lambda durable functions", lines, "a year, 3,000 operations at most")


def step_functions(load: Load) -> Bill:
    """Step Functions, Standard: billed by state transitions alone."""
    states = STATES_PER_EVENT + load.tasks
    lines = [Line("Step Functions: state transitions", "step-functions-transition", states)]
    return Bill("Step Functions Standard", lines, "a year at most; waiting is free")


def express(load: Load) -> Bill:
    """Step Functions, Express: an execution for each transition, which runs its tasks."""
    ticks = max(1, ceil(load.task_seconds * EXPRESS_TICKS_PER_SECOND))
    time = gigabytes(EXPRESS_MB) * ticks / EXPRESS_TICKS_PER_SECOND
    lines = [
        Line("Step Functions: executions", "express-request", 1),
        Line("Step Functions: time", "express-gb-second", time),
    ]
    remark = "5 minutes, at least once; waits for no event, keeps no stack"
    return Bill("Step Functions Express", lines, remark)


def _event(load: Load) -> Line:
    sent = sqs.requests(load.batch, pattern.EVENT_KB)
    return Line("SQS: the event", "sqs-request", sent + sqs.taken(load.batch, pattern.EVENT_KB))


def _polls(queues: int) -> Line:
    polls = queues * sqs.idle_receives(HOURS_PER_MONTH)
    return Line("SQS: Lambda polls its queues", "sqs-request", monthly=polls)


def _rows(reads: float, writes: float, load: Load) -> Iterator[Line]:
    yield Line("DynamoDB: reads", "dynamodb-read", reads * read_units(load.row_kb))
    yield Line("DynamoDB: writes", "dynamodb-write", writes * write_units(load.row_kb))


def _satisfier(load: Load, effort: Effort) -> Iterator[Line]:
    own = effort.gb_seconds(Calls(sends=1), 2, load.task_memory)
    yield Line("Lambda: time of the satisfier", "lambda-gb-second", load.tasks * own)
    if load.task_seconds:
        each = load.tasks * load.task_seconds * gigabytes(load.task_memory)
        yield Line("Lambda: it waits for tasks", "lambda-gb-second", each)


def _task_time(load: Load) -> float:
    return load.tasks * load.task_seconds * gigabytes(load.memory)
