"""Changes a state under Terraform's own lock. One that a dead task left is broken, no other is.

Why that is safe: docs/executors.md, "A function that dies".
"""

from collections.abc import Sequence
from contextlib import suppress

from cloudseam.claim import Holder
from cloudseam.event import STATE_LOCKED
from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.lifeline import DIES_WITH_US
from task_satisfier.executors.terraform.process import CommandFailedError, Tool, cause_of
from task_satisfier.executors.terraform.state_lock import StateLock

# How long somebody else, most likely a person, may take to give the lock back, in seconds.
WAIT = 30


class StateLockedError(TaskFailedError):
    """Somebody else works with the state."""

    error = STATE_LOCKED


def change_state(tool: Tool, past: Sequence[Holder], command: str, *arguments: str) -> None:
    """Runs `apply` or `destroy`; a second time if the state is locked.

    `past` has who held the state before and did not end well; all of them are over, since it is
    held now. `init` needs no such care: without a state of its own to move it takes no lock.

    Raises:
        StateLockedError: somebody else has the lock and keeps it.
        TaskFailedError: it failed, or time was over.
    """
    try:
        tool.run(command, *arguments)
        return
    except CommandFailedError as failure:
        lock = StateLock.told_by(failure.lines)
        if lock is None:
            raise
    if DIES_WITH_US and lock.is_left_by(past):
        tool.log(f"The lock {lock.id} of {lock.who} since {lock.since} is of a task that died")
        # It breaks the lock with that id and no other. If it cannot, the next line tells more.
        with suppress(CommandFailedError):
            tool.run("force-unlock", "-force", lock.id)
    try:
        tool.run(command, f"-lock-timeout={WAIT}s", *arguments)
    except CommandFailedError as failure:
        still = StateLock.told_by(failure.lines)
        if still is None:
            raise
        raise StateLockedError(cause_of(_told(still), failure.lines)) from None


def _told(lock: StateLock) -> str:
    return (
        f"The state is locked by {lock.who or 'somebody'} since {lock.since or 'some time'} (lock "
        f"{lock.id}). Retry the task when that has ended. If it has died, break the lock first: "
        f"`terraform force-unlock {lock.id}`, see docs/executors.md."
    )
