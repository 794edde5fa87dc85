"""Logs, metrics and traces through Powertools. No metadata value ever gets here."""

import json
import os
from collections.abc import Callable
from functools import wraps
from threading import Lock
from traceback import format_tb
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics, MetricUnit

from cloudseam.errors import CloudSeamError
from cloudseam.outcome import Fate, Outcome
from cloudseam.step import Verdict

Handler = Callable[..., Any]
# A line has at most 100 values of a metric (CloudWatch user guide, "Specification: Embedded metric
# format"); at 100 Powertools tells them, and forgets the dimensions.
VALUES_PER_LINE = 50

# The ports and the service log through the standard library, under this name. One encoder for
# all lines, and no try to read JSON in their messages, make a line half as dear.
logger = Logger(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "cloudseam"),
    name="cloudseam",
    json_serializer=json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode,
    json_deserializer=str,
)
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "CloudSeam"),
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "cloudseam"),
)

# What the invocation has counted: a batch of a thousand events is one figure. Pollers side by
# side share it, and the metrics, which know nothing of threads.
_counted: dict[str, int] = {}
# The durations that it has measured, in milliseconds, by metric and dimensions.
_measured: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
_counting = Lock()


def count(name: str, number: int = 1) -> None:
    """Adds to a metric of the invocation that is running."""
    if number:
        with _counting:
            _counted[name] = _counted.get(name, 0) + number


def measure(name: str, seconds: float, **dimensions: str) -> None:
    """Adds a duration to a metric of the invocation that is running.

    Each value of a dimension is a metric that is paid for: it must be one of a few.
    """
    with _counting:
        _measured.setdefault((name, tuple(dimensions.items())), []).append(seconds * 1000)


def observed(handler: Handler) -> Handler:
    """A Lambda handler that logs with its context, flushes metrics, and is traced if asked to.

    Tracing is asked for by `CLOUDSEAM_TRACING=1`; otherwise the tracer is not even imported.
    """
    handler = _with_metrics(logger.inject_lambda_context(handler))
    if os.environ.get("CLOUDSEAM_TRACING") not in {"1", "true"}:
        return handler
    from aws_lambda_powertools.tracing import Tracer

    return Tracer().capture_lambda_handler(handler)


def _with_metrics(handler: Handler) -> Handler:
    """Flushes what was counted. Powertools' own decorator warns when that is nothing."""

    @wraps(handler)
    def counting(event: Any, context: Any) -> Any:
        try:
            return handler(event, context)
        finally:
            _flush()

    return counting


def _flush() -> None:
    """Never fails what was counted: the batch is done, whether or not its figures are told."""
    try:
        with _counting:
            told = dict(_counted)
            _counted.clear()
            for name, number in told.items():
                metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
            if told:
                metrics.flush_metrics()
            measured = dict(_measured)
            _measured.clear()
        for (name, dimensions), durations in measured.items():
            _tell_durations(name, dict(dimensions), durations)
    except Exception as error:  # a batch that is done must not come again
        logger.warning("Metrics were lost", extra=why(error))


def _tell_durations(name: str, dimensions: dict[str, str], durations: list[float]) -> None:
    """One line for each set of dimensions: a line has its dimensions for all of its metrics."""
    for start in range(0, len(durations), VALUES_PER_LINE):
        line = EphemeralMetrics(namespace=metrics.namespace, service=metrics.service)
        for dimension, value in dimensions.items():
            line.add_dimension(dimension, value)
        for duration in durations[start : start + VALUES_PER_LINE]:
            line.add_metric(name=name, unit=MetricUnit.Milliseconds, value=round(duration, 1))
        line.flush_metrics()


def why(error: Exception) -> dict[str, str]:
    """What failed, for a log line. Of a surprise only the place is told: its text may hold a
    metadata value."""
    name = type(error).__name__
    if isinstance(error, CloudSeamError):
        return {"error": name, "reason": str(error)}
    trace = "".join(format_tb(error.__traceback__))
    return {"error": name, "reason": "unexpected", "trace": trace}


# By fate: what is logged of an event that met an error, and what counts it.
FAILED = {
    Fate.DEAD_LETTERED: ("Event dead-lettered", "EventsDeadLettered"),
    Fate.QUEUED: ("Event put on the event queue", "EventsReturned"),
    Fate.RETURNED: ("Event returned to the queue", "EventsReturned"),
}


def log_event(outcome: Outcome) -> None:
    """One line for one delivery, and its part of the metrics."""
    count("Transitions", 1 if outcome.transition else 0)
    count("TaskRetries", outcome.retries)
    if outcome.error is not None:
        _log_error(outcome, outcome.error)
    elif outcome.verdict is Verdict.APPLIED:
        count("EventsApplied")
        logger.info("Event applied", extra=_place(outcome) | _move(outcome))
    else:
        count("EventsIgnored")
        logger.info("Event ignored", extra=_place(outcome) | {"verdict": outcome.verdict})


def _log_error(outcome: Outcome, error: Exception) -> None:
    told, metric = FAILED.get(outcome.fate, FAILED[Fate.RETURNED])
    count(metric)
    logger.warning(told, extra=_place(outcome) | why(error))


def _place(outcome: Outcome) -> dict[str, Any]:
    event, stack = outcome.event, outcome.after or outcome.before
    return {
        "message_id": outcome.delivery.message_id,
        "receive_count": outcome.delivery.receive_count,
        "stack_id": event.stack_id if event else None,
        "machine": stack.machine if stack else event.machine if event else None,
        "event": event.name if event else None,
        "event_id": event.id if event else None,
    }


def _move(outcome: Outcome) -> dict[str, Any]:
    before, after = outcome.before, outcome.after
    return {
        "state_before": before.state if before and not before.is_removed else None,
        "state": "REMOVED" if after and after.is_removed else after and after.state,
        "tasks_asked": list(outcome.tasks_asked),
    }
