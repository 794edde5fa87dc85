"""The answers of a batch's tasks: those that are due at nearly the same time share a call."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event

from cloudseam.errors import ServiceUnavailableError
from cloudseam.queues import OutgoingMessage, Queue

# An answer waits for others so many seconds at most, while tasks of its batch still run.
PATIENCE = 0.02
UNSENT = ServiceUnavailableError("The answer was not sent: its process was ended.")


@dataclass(slots=True)
class _Waiting:
    """An answer that is due, and what came of it once it is `told`."""

    answer: OutgoingMessage
    told: Event = field(default_factory=Event)
    error: Exception | None = None


class Answers:
    """Sends what the tasks of one batch answer: of so many tasks, `at_once` of which run at a time.

    A call to send ten answers costs as much as a call to send one. The first that is due waits for
    others to join it, until all have that run, or its patience ends; a task alone never waits.
    """

    def __init__(self, queue: Queue, tasks: int, at_once: int) -> None:
        self._queue = queue
        self._left = tasks
        self._at_once = at_once
        self._waiting: list[_Waiting] = []
        self._changed = Condition()

    @contextmanager
    def of_task(self) -> Iterator["Answer"]:
        """The place of one task; left without an answer, nobody waits for it any more."""
        answer = Answer(self.send)
        try:
            yield answer
        finally:
            if not answer.is_given:
                self._leave()

    def send(self, answer: OutgoingMessage) -> Exception | None:
        """Sends the answer of one task, and says why it could not be sent."""
        mine = _Waiting(answer)
        with self._changed:
            self._waiting.append(mine)
            is_first = len(self._waiting) == 1
            self._changed.notify_all()
        if is_first:
            self._send_together()
        mine.told.wait()
        return mine.error

    def _send_together(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_complete, PATIENCE)
            due, self._waiting = self._waiting, []
            self._left -= len(due)
        unsent: Mapping[int, Exception] = dict.fromkeys(range(len(due)), UNSENT)
        try:
            unsent = self._queue.send([waiting.answer for waiting in due])
        except Exception as error:  # all that wait must hear of it
            unsent = dict.fromkeys(range(len(due)), error)
        finally:
            for position, waiting in enumerate(due):
                waiting.error = unsent.get(position)
                waiting.told.set()

    def _is_complete(self) -> bool:
        """Whether nobody runs that could still join those that wait."""
        return len(self._waiting) >= min(self._left, self._at_once)

    def _leave(self) -> None:
        with self._changed:
            self._left -= 1
            self._changed.notify_all()


class Answer:
    """What one task answers, once at most."""

    def __init__(self, send: Callable[[OutgoingMessage], Exception | None]) -> None:
        self._send = send
        self.is_given = False

    def give(self, answer: OutgoingMessage) -> Exception | None:
        """Sends it, and says why it could not be sent."""
        self.is_given = True
        return self._send(answer)
