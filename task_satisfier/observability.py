"""One line and a metric for what became of each task message."""

from typing import Any

from cloudseam.observability import count, logger, measure, why
from cloudseam.outcome import Fate
from task_satisfier.executors.registry import BUILDERS
from task_satisfier.satisfier import TaskOutcome, place

FATES = {
    Fate.DEAD_LETTERED: ("TaskMessagesDeadLettered", "Task message dead-lettered"),
    Fate.RETURNED: ("TaskMessagesReturned", "Task message returned to the queue"),
    Fate.DONE: ("TasksNotRun", "Task message dropped: its attempt is worked on elsewhere"),
}


def log_task(outcome: TaskOutcome, fate: Fate) -> None:
    """Logs one delivery's outcome. A cause is free of sensitive values when it gets here."""
    if outcome.surprise is not None:
        logger.error("Unexpected error", extra=_place(outcome) | why(outcome.surprise))
    if outcome.error is not None:
        _log_error(outcome, outcome.error, fate)
    elif outcome.ending is not None:
        count("TasksNotRun")
        logger.info("Task not run", extra=_place(outcome) | {"ending": outcome.ending})
    elif outcome.cause is not None:
        count("TasksFailed")
        _measure(outcome, "failed")
        logger.warning("Task failed", extra=_place(outcome) | {"cause": outcome.cause})
    else:
        count("TasksCompleted")
        _measure(outcome, "completed")
        logger.info("Task completed", extra=_place(outcome))


def _measure(outcome: TaskOutcome, ended: str) -> None:
    """How long the task took. Whoever sends messages must not make metrics by naming executors."""
    named = outcome.request.executor if outcome.request else ""
    executor = named if named in BUILDERS else "unknown"
    measure("TaskDuration", outcome.seconds, executor=executor, outcome=ended)


def _log_error(outcome: TaskOutcome, error: Exception, fate: Fate) -> None:
    metric, told = FATES[fate]
    count(metric)
    logger.warning(told, extra=_place(outcome) | why(error))


def _place(outcome: TaskOutcome) -> dict[str, Any]:
    where: dict[str, Any] = {
        "message_id": outcome.delivery.message_id,
        "receive_count": outcome.delivery.receive_count,
    }
    if outcome.request is not None:
        where |= place(outcome.request)
    return where | {"seconds": round(outcome.seconds, 3)}
