"""What happens to a message that met an error: to the dead-letter queue, or back for later."""

from collections.abc import Sequence
from dataclasses import replace

from cloudseam.errors import ClaimHeldError, CloudSeamError, RetryableError, TerminalError
from cloudseam.messages import retry_message
from cloudseam.outcome import Fate, Outcome
from cloudseam.queues import MESSAGE_BYTES, OutgoingMessage, Queue
from cloudseam.stack import Task

# The first wait before a message is tried again, in seconds; it doubles with each receive.
FIRST_WAIT = 5
LONGEST_WAIT = 900
# SQS attribute values may not hold most control characters (API reference, SendMessage).
MAX_REASON_BYTES = 2_000
# Of a body that leaves no room the letter is larger than the queue may take; it is tried.
LEAST_REASON_BYTES = 100


class DeadLetters:
    """Settles failed deliveries, so that every dead letter has a reason and nothing is lost.

    `source` is the queue the deliveries came from, `letters` its dead-letter queue; without
    `letters` a message always goes back, and the queue's own redrive policy ends it.
    """

    def __init__(self, letters: Queue | None, source: Queue | None, max_receives: int) -> None:
        self._letters = letters
        self._source = source
        self._max_receives = max_receives

    def settle(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The outcomes with their fate: what failed is dead-lettered or returned."""
        lettered = self._send(outcomes)
        settled = [
            replace(outcome, fate=self._fate(outcome, position in lettered))
            if outcome.error
            else outcome
            for position, outcome in enumerate(outcomes)
        ]
        self._defer([outcome for outcome in settled if outcome.fate is Fate.RETURNED])
        return settled

    def _is_hopeless(self, outcome: Outcome) -> bool:
        if outcome.error is None or isinstance(outcome.error, ClaimHeldError):
            return False
        return self._is_last(outcome) or isinstance(outcome.error, TerminalError)

    def _is_last(self, outcome: Outcome) -> bool:
        return outcome.delivery.receive_count >= self._max_receives

    def _fate(self, outcome: Outcome, lettered: bool) -> Fate:
        """What somebody else works on is dropped in the end: he answers, or the sweep notices."""
        if outcome.error is None:
            return Fate.DONE
        if lettered:
            return Fate.DEAD_LETTERED
        held = isinstance(outcome.error, ClaimHeldError)
        return Fate.DONE if held and self._is_last(outcome) else Fate.RETURNED

    def _send(self, outcomes: Sequence[Outcome]) -> set[int]:
        """The positions that the dead-letter queue took. What it did not take is tried again."""
        hopeless = [n for n, outcome in enumerate(outcomes) if self._is_hopeless(outcome)]
        if self._letters is None or not hopeless:
            return set()
        failed = self._letters.send([_letter(outcomes[position]) for position in hopeless])
        return {position for n, position in enumerate(hopeless) if n not in failed}

    def _defer(self, returned: list[Outcome]) -> None:
        if self._source is not None and returned:
            self._source.defer({outcome.delivery.receipt: _wait(outcome) for outcome in returned})


def _wait(outcome: Outcome) -> int:
    """Seconds until the message comes again: as many as its error says, else longer each time."""
    known = outcome.error.retry_after if isinstance(outcome.error, RetryableError) else 0
    return known or wait_before(outcome.delivery.receive_count + 1)


def wait_before(receive: int) -> int:
    """Seconds to wait before a message is received for the `receive`-th time (from 2)."""
    return int(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(receive - 2, 10)))


def letter_of_failure(outcome: Outcome, task: Task) -> OutgoingMessage:
    """A letter for a task that failed and is not tried again by itself. Redriven, it is."""
    stack = outcome.after
    body = retry_message(stack.id if stack else "")
    state = f" in state '{stack.state}'" if stack else ""
    attempts = task.attempt - task.first + 1
    reason = (
        f"Task '{task.name}'{state} was given up, attempts: {attempts}. Redriven, this letter has "
        f"it tried again. {task.error_message}"
    )
    return _with_reason(body, "TaskGivenUp", reason, outcome)


def _letter(outcome: Outcome) -> OutgoingMessage:
    """The message as it came, with its reason as attributes."""
    error, body = outcome.error, outcome.delivery.body
    reason = str(error) if isinstance(error, CloudSeamError) else "Unexpected error; see the log."
    return _with_reason(body, type(error).__name__, reason, outcome)


def _with_reason(body: str, error: str, reason: str, outcome: Outcome) -> OutgoingMessage:
    attributes = {
        "error": error,
        "messageId": outcome.delivery.message_id or "none",
        "receiveCount": str(outcome.delivery.receive_count),
    }
    letter = OutgoingMessage(body, attributes | {"reason": ""})
    room = min(MAX_REASON_BYTES, max(LEAST_REASON_BYTES, MESSAGE_BYTES - letter.size))
    return replace(letter, attributes=attributes | {"reason": _printable(reason, room)})


def _printable(text: str, room: int) -> str:
    """The text as SQS takes it, cut to so many bytes."""
    kept = (c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "".join(kept).encode()[:room].decode(errors="ignore") or "unknown"
