"""Everything that can go wrong, as two branches: what will never work, and what may work later."""


class CloudSeamError(Exception):
    """Something in CloudSeam went wrong.

    `stack_id`, `machine`, `state` and `event` say where, so that nobody has to read the text
    to decide what to do. The text never holds a metadata value.
    """

    def __init__(
        self,
        message: str = "",
        *,
        stack_id: str | None = None,
        machine: str | None = None,
        state: str | None = None,
        event: str | None = None,
    ) -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])
        self.stack_id = stack_id
        self.machine = machine
        self.state = state
        self.event = event


class TerminalError(CloudSeamError):
    """The same input fails the same way: dead-letter it now, with the reason."""


class InvalidMessageError(TerminalError):
    """The message does not have the shape of an event or of a task."""


class EventNotAllowedFromOutsideError(TerminalError):
    """The event fires by itself and is refused from outside."""


class UnknownTaskError(TerminalError):
    """The answer names a task that the stack's state does not have."""


class TaskTokenMissingError(TerminalError):
    """The answer has no token, and this installation takes none without."""


class ContainerQueueMissingError(TerminalError):
    """A task is to run in a container, and this installation has no queue for such tasks."""


class MigrationRefusedError(TerminalError):
    """The stack does not fit the version of the machine that it was to be moved to."""


class ForeignWriteError(TerminalError):
    """Another program wrote the stack's row after this installation had been taken over."""


class ExecutionExistsError(TerminalError):
    """An execution of that name was started with another input."""


class StackTooLargeError(TerminalError):
    """The stack's row would be larger than the store takes."""


class InvalidSettingsError(CloudSeamError):
    """A setting is missing or has a value that cannot be used."""


class RetryableError(CloudSeamError):
    """Another attempt may succeed: back to the queue.

    `retry_after` is how many seconds it should wait, where that is known.
    """

    retry_after: int = 0


class TransitionNotAllowedError(RetryableError):
    """The stack's state has no handler for the event (yet: queues reorder)."""


class StackNotFoundError(RetryableError):
    """There is no such stack (yet)."""


class EarlierEventWaitsError(RetryableError):
    """An event that came before this one, for the same stack, has to be applied first."""


class MachineNotFoundError(RetryableError):
    """There is no such machine (yet: files arrive late)."""


class MachineMismatchError(RetryableError):
    """The event names another machine than the one the stack runs on (the stack may end before)."""


class InvalidDefinitionError(RetryableError):
    """The machine's file has errors. A corrected file may arrive before the last attempt."""


class StateNotInMachineError(RetryableError):
    """The stack is in a state, or has a task, that its machine no longer has."""


class ClaimHeldError(RetryableError):
    """Somebody else works on this attempt, or with what it needs, at the moment."""

    def __init__(self, message: str, *, stack_id: str, retry_after: int) -> None:
        super().__init__(message, stack_id=stack_id)
        self.retry_after = retry_after


class StackConflictError(RetryableError):
    """Another writer changed the stack since it was read."""


class ServiceUnavailableError(RetryableError):
    """A service this system depends on did not answer as it should; the cause is in `__cause__`."""
