"""CloudSeam's own bill for a load."""

from collections.abc import Iterator
from dataclasses import replace

from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam_cli.costs import pattern, sqs
from cloudseam_cli.costs.bill import Bill, Line
from cloudseam_cli.costs.effort import PYTHON, gigabytes
from cloudseam_cli.costs.item_size import READ_UNIT_KB, read_units, write_units
from cloudseam_cli.costs.load import HOURS_PER_MONTH, Load
from cloudseam_cli.costs.pattern import Calls

KB_PER_GB = 1024 * 1024
# What DynamoDB stores for an item beside the item (developer guide, "DynamoDB item sizes").
ITEM_OVERHEAD_KB = 0.1
# The smallest disk of RDS for PostgreSQL on gp3 (user guide, "DB instance storage").
LEAST_DISK_GB = 20
# What is logged: a line of an event, two of a task, and of an invocation a line of metrics beside
# Lambda's own. CloudWatch counts 26 bytes more for each line (user guide, "CloudWatch quotas").
EVENT_LOG_KB = 0.7
TASK_LOG_KB = 1.3
INVOCATION_LOG_KB = 1.0


def cloudseam(load: Load) -> Bill:
    """What CloudSeam costs under a load."""
    lines = [*_queues(load), *_store(load), *_functions(load), *_timers(load), *_standing(load)]
    return Bill("CloudSeam", [*lines, *([logs(load)] if load.counts_logs else [])])


def logs(load: Load) -> Line:
    """What is logged at the level INFO, which is about half as much as all the rest."""
    kb = load.events * EVENT_LOG_KB + load.tasks * TASK_LOG_KB
    kb += _invocations(load) * INVOCATION_LOG_KB
    return Line("CloudWatch Logs: lines of both functions", "logs-ingestion", kb / KB_PER_GB)


def waiting(load: Load, seconds: float) -> Line:
    """What it costs that the satisfier waits while its tasks run for so many seconds."""
    each = load.tasks / load.tasks_at_once * seconds * gigabytes(load.task_memory)
    return Line("Lambda: the satisfier waits for tasks", "lambda-gb-second", each)


def _queues(load: Load) -> Iterator[Line]:
    answer = pattern.batch_of_tasks(load.tasks_at_once).sends / load.tasks_at_once
    task_kb = pattern.TASK_KB + load.row_kb
    event = sqs.requests(load.batch, pattern.EVENT_KB) + sqs.taken(load.batch, pattern.EVENT_KB)
    yield Line("SQS: the event is sent and taken", "sqs-request", event)
    if load.tasks:
        sent = sqs.requests(load.batch * load.tasks, task_kb)
        took = sqs.taken(load.tasks_at_once, task_kb)
        back = answer + sqs.taken(load.batch, pattern.ANSWER_KB)
        yield Line("SQS: tasks are sent and taken", "sqs-request", load.tasks * (sent + took))
        yield Line("SQS: answers are sent and taken", "sqs-request", load.tasks * back)


def _store(load: Load) -> Iterator[Line]:
    if load.is_postgres:
        return
    units = write_units(load.row_kb)
    if load.keeps_history:
        units = pattern.TRANSACTION_WRITES * (units + write_units(pattern.HISTORY_KB))
    reads = load.events * read_units(load.row_kb)
    yield Line("DynamoDB: stacks are read, consistently", "dynamodb-read", reads)
    what = "stacks and history are written" if load.keeps_history else "stacks are written"
    yield Line(f"DynamoDB: {what}", "dynamodb-write", (1 + load.tasks) * units)
    if load.tasks:
        claims = load.tasks * write_units(pattern.CLAIM_KB)
        yield Line("DynamoDB: tasks are claimed", "dynamodb-write", claims)


def _functions(load: Load) -> Iterator[Line]:
    batch, tasks = load.batch, load.tasks_at_once
    asking = PYTHON.gb_seconds(
        pattern.batch_of_events(batch, round(batch * load.tasks)), batch, load.memory
    )
    answered = PYTHON.gb_seconds(pattern.batch_of_events(batch, 0), batch, load.memory)
    looked = pattern.batch_of_events(batch, 0, is_change=False)
    timed = PYTHON.gb_seconds(looked, batch, load.memory)
    events = (asking + load.tasks * answered + load.all_timers * timed) / batch
    own = PYTHON.gb_seconds(_started(tasks), tasks, load.task_memory)
    yield Line("Lambda: invocations", "lambda-request", _invocations(load))
    yield Line("Lambda: time of the state machine", "lambda-gb-second", events)
    if load.tasks:
        satisfier = load.tasks / tasks * own
        yield Line("Lambda: own time of the satisfier", "lambda-gb-second", satisfier)
    if load.tasks and load.task_seconds:
        yield waiting(load, load.task_seconds)


def _started(tasks: int) -> Calls:
    """The calls of a batch of tasks with those that start them, as to invoke a function."""
    calls = pattern.batch_of_tasks(tasks)
    return replace(calls, sends=calls.sends + tasks)


def _invocations(load: Load) -> float:
    return load.events / load.batch + load.tasks / load.tasks_at_once


def _timers(load: Load) -> Iterator[Line]:
    if load.all_timers:
        near = load.timers * sqs.requests(load.batch * load.timers, pattern.EVENT_KB)
        took = load.all_timers * sqs.taken(load.batch, pattern.EVENT_KB)
        each = near + load.far_timers + took
        yield Line("SQS: timers are sent and taken", "sqs-request", each)
    if load.far_timers:
        yield Line("Scheduler: far timers", "scheduler-invocation", load.far_timers)


def _standing(load: Load) -> Iterator[Line]:
    polls = 2 * sqs.idle_receives(HOURS_PER_MONTH)
    yield Line("SQS: Lambda polls both queues", "sqs-request", monthly=polls)
    yield from (_database if load.is_postgres else _tables)(load)


def _tables(load: Load) -> Iterator[Line]:
    """The sweep's scan, which need not be consistent and so costs half, and storage.

    Claims have a table of their own, which no sweep reads and no backup is made of.
    """
    half = HOURS_PER_MONTH * 60 / load.sweep_minutes / READ_UNIT_KB / 2
    stacks_kb, history_kb = load.stacks * load.row_kb, _history_kb(load)
    yield Line("Sweep: reads all stacks", "dynamodb-read", monthly=stacks_kb * half)
    if history_kb:
        yield Line("Sweep: reads past the history", "dynamodb-read", monthly=history_kb * half)
    kept_gb = (stacks_kb + history_kb + load.stacks * ITEM_OVERHEAD_KB) / KB_PER_GB
    all_gb = kept_gb + _claims_kb(load) / KB_PER_GB
    yield Line("DynamoDB: storage", "dynamodb-storage", monthly=all_gb)
    yield Line("DynamoDB: point-in-time recovery", "dynamodb-backup", monthly=kept_gb)


def _database(load: Load) -> Iterator[Line]:
    all_kb = load.stacks * load.row_kb + _history_kb(load) + _claims_kb(load)
    gb = max(LEAST_DISK_GB, all_kb / KB_PER_GB)
    yield Line("RDS: an instance", "rds-instance-hour", monthly=HOURS_PER_MONTH)
    yield Line("RDS: its disk", "rds-storage", monthly=gb)
    yield Line("Secrets Manager: its password", "secret-month", monthly=1)


def _claims_kb(load: Load) -> float:
    """KB of claims on an average day: each stays for 15 days after its end."""
    months = TOMBSTONE_SECONDS / 3600 / HOURS_PER_MONTH
    return load.transitions * load.tasks * pattern.CLAIM_KB * months


def _history_kb(load: Load) -> float:
    """KB of a full history on an average day of the first month. It is never deleted."""
    commits = load.transitions * (1 + load.tasks)
    return commits * pattern.HISTORY_KB / 2 if load.keeps_history else 0
