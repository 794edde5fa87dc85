"""How a state fails: an error's name and its cause, as the language has them (spec, "Errors")."""

ALL = "States.ALL"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
ITEM_READER_FAILED = "States.ItemReaderFailed"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

# What no retrier and no catcher gets, not even by name.
NEVER_CAUGHT = frozenset({RUNTIME})
# What `States.ALL` does not stand for (spec, "Error Representation").
NOT_IN_ALL = frozenset({RUNTIME, DATA_LIMIT_EXCEEDED})
# What `States.TaskFailed` does not stand for.
NOT_TASK_FAILED = frozenset({TIMEOUT, HEARTBEAT_TIMEOUT})


class StateFailure(Exception):
    """A state failed. Without an `error` it failed without a name, as a Fail state may.

    `field` is where an expression stands that could not be evaluated. `is_placed` says that the
    cause tells already in which state that was. `also` is another name that retriers and catchers
    know it by.
    """

    def __init__(
        self,
        error: str | None,
        cause: str | None = None,
        *,
        field: str | None = None,
        is_placed: bool = False,
        also: str | None = None,
    ) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause
        self.field = field
        self.is_placed = is_placed
        self.also = also


def runtime(cause: str) -> StateFailure:
    """A failure of the machine itself, which nothing catches."""
    return StateFailure(RUNTIME, cause)


def matches(names: list[str], failed: StateFailure) -> bool:
    """Whether `ErrorEquals` of a retrier or catcher stands for the failure."""
    error = failed.error
    if error in NEVER_CAUGHT:
        return False
    if error in names or failed.also in names:
        return True
    if ALL in names and error not in NOT_IN_ALL:
        return True
    return TASK_FAILED in names and error not in NOT_TASK_FAILED | NOT_IN_ALL
